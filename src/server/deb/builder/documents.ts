import { gzipSync } from "node:zlib";
import { packageName } from "../../../core/deb/package-name.ts";
import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import { MAINTAINER } from "./control-file.ts";

/**
 * What Debian wants of every package below `/usr/share/doc`, and a note to lintian, by path.
 * @param sourceDate in seconds since 1970.
 * @param ownsEtc whether it has files below `/etc` that are no conffiles.
 */
export function documents(
  description: PluginDescription,
  { sourceDate, ownsEtc }: { sourceDate: number; ownsEtc: boolean },
): ReadonlyMap<string, string | Uint8Array> {
  const name = packageName(description);
  const folder = `usr/share/doc/${name}`;
  // Without a revision Debian takes a package for its own source.
  const changelog = description.version.includes("-") ? "changelog.Debian.gz" : "changelog.gz";
  return new Map<string, string | Uint8Array>([
    [`${folder}/${changelog}`, gzipSync(changelogText(description, sourceDate), { level: 9 })],
    [`${folder}/copyright`, copyright(description, sourceDate)],
    [`usr/share/lintian/overrides/${name}`, overrides(name, ownsEtc)],
  ]);
}

function changelogText({ namespace, name, version, ...description }: PluginDescription, sourceDate: number) {
  const date = new Date(sourceDate * 1000).toUTCString().replace("GMT", "+0000");
  return `${packageName({ ...description, namespace, name })} (${version}) unstable; urgency=medium

  * Version ${version} of the plugin ${namespace}/${name}.

 -- ${MAINTAINER}  ${date}
`;
}

function copyright({ namespace, name, metadata }: PluginDescription, sourceDate: number): string {
  const author = oneLine(metadata.author) ?? `the authors of ${namespace}/${name}`;
  const license = oneLine(metadata.license)?.replace(/\s+/g, "-") ?? "not-stated";
  const homepage = oneLine(metadata.homepage);
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: ${namespace}/${name}
${homepage === undefined ? "" : `Source: ${homepage}\n`}
Files: *
Copyright: ${new Date(sourceDate * 1000).getUTCFullYear()} ${author}
License: ${license}
 The terms are those of the plugin's own sources.
`;
}

function oneLine(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const text = value.replace(/[\u0000-\u0020\u007f-\u00a0\u2028\u2029]+/g, " ").trim();
  return text === "" ? undefined : text.slice(0, 200);
}

/** What the form of a plugin's package asks for, though lintian knows it as a fault; faults of the plugin's own stay visible. */
const overrides = (
  name: string,
  ownsEtc: boolean,
) => `# wazo-plugind finds packages of plugins by this section.
${name}: unknown-section
${
  ownsEtc
    ? `# Without "conffiles: true" in its plugin.yml an update replaces a plugin's files below /etc, as wazo-plugind does it.
${name}: file-in-etc-not-marked-as-conffile
`
    : ""
}`;
