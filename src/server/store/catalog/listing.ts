import { posix } from "node:path";
import type { Manifest } from "../manifest/manifest.ts";

/** JSON text in which the server's own origin belongs between any two neighbours. */
export type Fragment = readonly string[];

export interface Section {
  id: string;
  name: string;
  description: string;
  icon: string;
}

/** How one plugin appears in discovery: serialized once, when its version is chosen. */
export interface Listing {
  id: string;
  version: string;
  /** Element of the Harmonix list. */
  item: Fragment;
  /** Element of `plugins` in a section. */
  sectionItem: Fragment;
  sections: readonly Section[];
}

export interface ListedVersion {
  plugin: string;
  version: string;
  entry: string;
  integrity: string;
  deprecated: string | null;
  externals: readonly string[];
  manifest: Manifest;
}

const DEFAULT_SECTION: Section = { id: "default", name: "default", description: "", icon: "" };

/** Path of a file on the CDN, from the origin on. */
export function cdnPath(plugin: string, version: string, path: string): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return `/cdn/${plugin}/${version}/${encoded}`;
}

/** Keys in the order of the format (discovery-store spec, 2.2), so that equal decisions give equal bytes. */
export function toListing(listed: ListedVersion): Listing {
  const { plugin, version, integrity, manifest } = listed;
  const { displayName, icon, category, config, metadata, sections = [] } = manifest.plugctl;
  const url = cdnPath(plugin, version, listed.entry);
  const shownIcon = iconFragment(listed, icon);
  const item = new FragmentBuilder()
    .add("pluginId", plugin)
    .addUrl("pluginUrl", url)
    .add("version", version)
    .add("integrity", integrity)
    .add("name", displayName)
    .add("description", manifest.description);
  if (shownIcon?.url !== undefined) item.addUrl("icon", shownIcon.url);
  else item.add("icon", shownIcon?.text);
  item
    .add("category", category)
    .add("externals", listed.externals.length > 0 ? listed.externals : undefined)
    .add("deprecated", listed.deprecated ?? undefined)
    .add("config", config)
    .add("metadata", metadata);
  const sectionItem = new FragmentBuilder()
    .add("pluginId", plugin)
    .addUrl("pluginUrl", url)
    .add("name", displayName ?? plugin)
    .add("category", category ?? ["user"])
    .add("version", version)
    .add("integrity", integrity);
  return {
    id: plugin,
    version,
    item: item.finish(),
    sectionItem: sectionItem.finish(),
    sections: sections.length > 0 ? sections : [DEFAULT_SECTION],
  };
}

/** `./icon.svg` is a file of the version; anything else (a URL, the name of an icon) is passed on as it is. */
function iconFragment(
  listed: ListedVersion,
  icon: string | undefined,
): { text?: string; url?: string } | undefined {
  if (icon === undefined) return undefined;
  if (!icon.startsWith("./")) return { text: icon };
  return { url: cdnPath(listed.plugin, listed.version, posix.normalize(icon)) };
}

class FragmentBuilder {
  readonly #pieces: string[] = [];
  #text = "{";

  /** Leaves undefined members out. */
  add(key: string, value: unknown): this {
    if (value !== undefined) this.#text += `${this.#comma()}${JSON.stringify(key)}:${JSON.stringify(value)}`;
    return this;
  }

  /** A URL of this server, given from its origin on. */
  addUrl(key: string, path: string): this {
    this.#pieces.push(`${this.#text}${this.#comma()}${JSON.stringify(key)}:"`);
    this.#text = JSON.stringify(path).slice(1);
    return this;
  }

  finish(): Fragment {
    return [...this.#pieces, `${this.#text}}`];
  }

  #comma(): string {
    return this.#text === "{" && this.#pieces.length === 0 ? "" : ",";
  }
}
