import { Paragraph } from "../../../core/deb/control.ts";
import { PLUGIN_SECTION, packageName } from "../../../core/deb/package-name.ts";
import type { PluginDescription } from "../../../core/deb/plugin-description.ts";
import { formatAlternatives, parseRelations } from "../../../core/deb/relations.ts";
import { isVersion } from "../../../core/deb/version.ts";
import { invalidError } from "../../../core/errors.ts";

/** Who is named for packages of plugins, as in those of wazo-plugind. */
export const MAINTAINER = "Wazo Maintainers <dev+pkg@wazo.community>";

const ARCHITECTURE = "all";

/** Lines of the author's description that are taken over. */
const DESCRIPTION_LINES = 30;

/**
 * The control file, its fields in wazo-plugind's order.
 * @throws INVALID for a version or a dependency that Debian does not know.
 */
export function controlParagraph(description: PluginDescription, installedKiB: number): Paragraph {
  const { namespace, name, version } = description;
  if (!isVersion(version)) {
    throw invalidError(`${JSON.stringify(version)} is no version for a Debian package`, {
      hint: "begin with a digit, then letters, digits and . + ~ -",
    });
  }
  const depends = dependencies(description);
  return new Paragraph([
    ["Package", packageName(description)],
    ["Architecture", ARCHITECTURE],
    ["Maintainer", MAINTAINER],
    ["Priority", "optional"],
    ["Section", PLUGIN_SECTION],
    ["Version", version],
    ["Installed-Size", String(installedKiB)],
    ...(depends === "" ? [] : [["Depends", depends] as const]),
    ["Description", [`Wazo plugin ${namespace}/${name}`, ...extended(description)].join("\n ")],
  ]);
}

function dependencies(description: PluginDescription): string {
  const relations = [...description.debianDepends, ...description.depends.map(packageName)];
  return relations.flatMap(parseRelations).map(formatAlternatives).join(", ");
}

/** What the author says of the plugin, as the further lines of a description; never a line that begins something else. */
function extended({ metadata }: PluginDescription): string[] {
  const text = typeof metadata.description === "string" ? metadata.description.trim() : "";
  if (text === "") return ["It has no description of its own."];
  return text
    .split(/[\n\r\u0085\u2028\u2029]+/)
    .slice(0, DESCRIPTION_LINES)
    .map((line) => line.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").trim())
    .map((line) => (line === "" ? "." : line));
}
