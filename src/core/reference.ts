import { usageError } from "./errors.ts";

/** A parsed plugin reference: `[target:][namespace/]name[@version]`. */
export interface PluginReference {
  target?: string;
  /** Namespace included, as the backend spells it: `@acme/maps`. */
  name: string;
  version?: string;
}

/** Words that may stand before a colon without being a target, so no target may bear them. */
export const RESERVED_PREFIXES: ReadonlySet<string> = new Set([
  "http",
  "https",
  "git",
  "git+https",
  "git+ssh",
  "ssh",
  "file",
  "image",
  "market",
  "deb",
]);

const NAME = /^(?:@?[A-Za-z0-9~][A-Za-z0-9._~-]*\/)?[A-Za-z0-9~_][A-Za-z0-9._~+-]*$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._~+:-]*$/;

/**
 * Parses a plugin reference.
 *
 * The part before the first colon is a target only if a target of that name exists.
 * @throws USAGE when the text fits no spelling, or names a target that does not exist.
 */
export function parseReference(text: string, targets: Iterable<string>): PluginReference {
  const colon = text.indexOf(":");
  const word = colon > 0 ? text.slice(0, colon) : undefined;
  if (word !== undefined && RESERVED_PREFIXES.has(word)) {
    throw usageError(`"${text}" is a source, and a plugin reference is needed here`, {
      hint: "write [target:][namespace/]name[@version], for example local-store:@acme/maps@1.2.0",
    });
  }
  const known = [...targets];
  const isTarget = word !== undefined && known.includes(word);
  if (word !== undefined && !isTarget && !text.slice(0, colon).includes("@")) {
    throw usageError(`no target is called "${word}" (in "${text}")`, {
      hint: known.length > 0 ? `targets: ${known.join(", ")}` : "plugctl target add creates one",
    });
  }
  const rest = isTarget ? text.slice(colon + 1) : text;
  // A scope begins with "@" too, so the version is what follows an "@" that is not the first character.
  const at = rest.indexOf("@", 1);
  const name = at > 0 ? rest.slice(0, at) : rest;
  const version = at > 0 ? rest.slice(at + 1) : undefined;
  if (!NAME.test(name) || (version !== undefined && !VERSION.test(version))) {
    throw usageError(`"${text}" is not a plugin reference`, {
      hint: "write [target:][namespace/]name[@version], for example local-store:@acme/maps@1.2.0",
    });
  }
  return {
    name,
    ...(isTarget && word !== undefined ? { target: word } : {}),
    ...(version === undefined ? {} : { version }),
  };
}

/** The spelling that `parseReference` accepts again. */
export function formatReference(reference: PluginReference): string {
  const target = reference.target === undefined ? "" : `${reference.target}:`;
  const version = reference.version === undefined ? "" : `@${reference.version}`;
  return `${target}${reference.name}${version}`;
}
