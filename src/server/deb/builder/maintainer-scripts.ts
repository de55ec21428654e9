import type { PluginDescription } from "../../../core/deb/plugin-description.ts";

/** Where a plugin's own `wazo` folder is on a host; its `plugin.yml` there is what makes it an installed plugin. */
export const pluginFolder = ({ namespace, name }: Pick<PluginDescription, "namespace" | "name">): string =>
  `usr/lib/wazo-plugind/plugins/${namespace}/${name}`;

/**
 * The maintainer scripts, which call the plugin's rules (wazo-plugind spec, section 4.2). Names of plugins need no quotes
 * in a shell. `$DPKG_ROOT` is what dpkg works on when that is not `/`.
 */
export function maintainerScripts(description: PluginDescription): Readonly<Record<string, string>> {
  const { namespace, name, formatVersion } = description;
  const rules = `$DPKG_ROOT/${pluginFolder(description)}/wazo/rules`;
  const kept = `$DPKG_ROOT/var/lib/wazo-plugind/rules/rules.${name}.${namespace}`;
  return {
    postinst: script("postinst", {
      configure: `"${rules}" install`,
      "abort-upgrade|abort-remove|abort-deconfigure": ":",
    }),
    // When postrm runs, the files of the package are gone: it needs a copy.
    prerm: script("prerm", {
      remove: [
        'mkdir -p "$DPKG_ROOT/var/lib/wazo-plugind/rules"',
        `cp "${rules}" "${kept}"`,
        `chmod 0755 "${kept}"`,
        `"${rules}" uninstall`,
      ].join("\n    "),
      "deconfigure|upgrade|failed-upgrade": ":",
    }),
    postrm: script("postrm", {
      "remove|purge": [
        ...(formatVersion >= 1 ? callPostrm(kept) : []),
        `rm -f "${kept}"`,
        ...["rules", ""].map(
          (folder) =>
            `rmdir --ignore-fail-on-non-empty "$DPKG_ROOT/var/lib/wazo-plugind/${folder}" 2>/dev/null || :`,
        ),
      ].join("\n    "),
      "upgrade|failed-upgrade|abort-install|abort-upgrade|disappear": ":",
    }),
  };
}

/** A purge comes after a removal, which took the copy away. Rules without a word of postrm would fail on it. */
const callPostrm = (kept: string) => [
  `if [ -x "${kept}" ] && grep -q postrm "${kept}"; then`,
  `  "${kept}" postrm`,
  "fi",
];

const script = (name: string, actions: Readonly<Record<string, string>>) => `#!/bin/sh
set -e

case "$1" in
${Object.entries(actions)
  .map(([action, commands]) => `  ${action})\n    ${commands}\n    ;;\n`)
  .join("")}  *)
    echo "${name} called with unknown argument '$1'" >&2
    exit 1
    ;;
esac
`;
