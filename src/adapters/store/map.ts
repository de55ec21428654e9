import type { Plugin, PluginDetail, PluginState, Release } from "../../core/plugin.ts";
import type { WirePlugin, WirePluginDetail, WireRelease, WireReleaseDetail } from "./schema.ts";

/** What can be chosen by discovery is available; what is withdrawn, yanked or purged is not. */
const toState = (native: string): PluginState =>
  native === "available" || native === "published" ? "available" : "inactive";

export function toPlugin(wire: WirePlugin): Plugin {
  return {
    name: wire.id,
    version: wire.latest,
    state: toState(wire.state),
    nativeState: wire.state,
    description: wire.description,
    displayName: wire.displayName,
    provider: wire.provider,
    channels: wire.channels,
    versions: wire.versions,
    updatedAt: wire.updatedAt,
  };
}

export function toPluginDetail(wire: WirePluginDetail): PluginDetail {
  return {
    kind: "store",
    ...toPlugin(wire),
    category: wire.category ?? null,
    license: wire.license ?? null,
    author: wire.author ?? null,
    homepage: wire.homepage ?? null,
    repository: wire.repository ?? null,
    icon: wire.icon ?? null,
    entryUrl: wire.entryUrl ?? null,
    integrity: wire.integrity ?? null,
  };
}

/** One version as the details of its plugin. */
export function toVersionDetail(wire: WireReleaseDetail): PluginDetail {
  return {
    kind: "store",
    name: wire.plugin,
    version: wire.version,
    state: toState(wire.state),
    nativeState: wire.state,
    description: wire.manifest?.description ?? null,
    deprecated: wire.deprecated,
    channels: wire.channels,
    files: wire.files.length,
    sizeBytes: wire.sizeBytes,
    treeSha256: wire.treeSha256,
    entry: wire.entry,
    entryUrl: wire.entryUrl ?? null,
    integrity: wire.integrity ?? null,
    externals: wire.externals,
    exports: wire.exports,
    publishedAt: wire.publishedAt,
    publishedBy: wire.publishedBy,
    updatedAt: wire.publishedAt,
  };
}

export function toRelease({ plugin, deprecated: _, entry: _entry, ...wire }: WireRelease): Release {
  return { name: plugin, ...wire };
}
