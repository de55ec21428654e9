import { cdnPath } from "../catalog/listing.ts";
import { isPluginId, isVersion } from "../manifest/identifiers.ts";

export interface CdnAddress {
  plugin: string;
  version: string;
  path: string;
}

/** What a URL below `/cdn/` means: a file, another spelling of one (with the canonical URL), or nothing. */
export type CdnTarget =
  | ({ kind: "file" } & CdnAddress)
  | { kind: "redirect"; location: string }
  | { kind: "none" };

const NONE: CdnTarget = { kind: "none" };

const isClean = (path: string) =>
  !/[\\\u0000]/.test(path) &&
  path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..");

/**
 * @param raw what follows `/cdn/` in the request, without the query, as it was sent.
 */
export function parseCdnPath(raw: string): CdnTarget {
  let decoded: string;
  try {
    decoded = decodeURIComponent(raw);
  } catch {
    return NONE;
  }
  if (!isClean(raw) || !isClean(decoded)) return NONE;
  const segments = decoded.split("/");
  const plugin = segments.splice(0, decoded.startsWith("@") ? 2 : 1).join("/");
  const version = segments.shift();
  if (version === undefined || segments.length === 0) return NONE;
  if (!isPluginId(plugin) || !isVersion(version)) return NONE;
  const path = segments.join("/");
  if (!raw.startsWith(`${plugin}/${version}/`)) {
    return { kind: "redirect", location: cdnPath(plugin, version, path) };
  }
  return { kind: "file", plugin, version, path };
}
