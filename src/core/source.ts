import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isPlugctlError, usageError } from "./errors.ts";
import type { InstallSource } from "./installation.ts";
import { parseImageReference } from "./marketplace/image-reference.ts";
import { parseReference } from "./reference.ts";

/** What a source means beyond its text. */
export interface SourceContext {
  /** Names of the targets that exist. */
  targets: readonly string[];
  /** Paths are relative to this folder. */
  cwd: string;
  /** There is a folder with a plugin in it at this absolute path. */
  isPluginFolder: (path: string) => boolean;
}

export interface ParsedSource {
  /** Named before the colon. */
  target?: string | undefined;
  source: InstallSource;
}

const FORMS =
  "write [target:] and name[@version], ./folder, https://host/repository.git, git:…, image:…, market:… or file:…";

const PATH = /^(?:\.{1,2}(?:[/\\]|$)|[/\\]|[A-Za-z]:[/\\])/;
/** A Debian package, as it is named in a folder: no plugin's name ends like that. */
const PACKAGE_FILE = /^[^:]*\.deb$/i;
const URL_SCHEME = /^(?:git\+)?(?:https?|ssh|git|file):\/\//;
/** `user@host:path`, as ssh and git write it. */
const SCP = /^[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:(?!\/\/)/;
const ARCHIVE = /\.(?:tgz|tar(?:\.\w+)?|zip|json|deb)$/i;
/** What git accepts as a name of a branch, tag or commit, and can never take for an option. */
const GIT_REF = /^[A-Za-z0-9_][A-Za-z0-9_./+-]*$/;
/** What follows the colon of an image rather than that of a target. */
const TAG = /^(?:latest|v?\d[\w.-]*)$/;

/**
 * Tells by its form what `install` is to take: a path, a git repository, an image, or else a plugin of the target's
 * catalogue. Nothing is looked up except whether a folder exists.
 * @throws USAGE for what is none of these, and for what could be two of them, with both spellings.
 */
export function parseSource(text: string, context: SourceContext): ParsedSource {
  const source = explicitSource(text, context.cwd);
  if (source !== undefined) return { source };
  const [prefix, target] = /^([^:@/]+):/.exec(text) ?? [];
  if (prefix !== undefined && target !== undefined && context.targets.includes(target)) {
    const behind = explicitSource(text.slice(prefix.length), context.cwd);
    if (behind !== undefined) return { target, source: behind };
  }
  return catalogueSource(text, context);
}

/** A source that can be nothing else; undefined for a bare word. */
function explicitSource(text: string, cwd: string): InstallSource | undefined {
  if (PATH.test(text) || PACKAGE_FILE.test(text)) return { type: "path", path: resolve(cwd, text) };
  if (text.startsWith("image:")) return imageSource(text.slice("image:".length));
  if (text.startsWith("market:")) return marketSource(text.slice("market:".length));
  if (text.startsWith("file:")) return fileSource(text, cwd);
  if (text.startsWith("git:") && !text.startsWith("git://")) return gitSource(text.slice("git:".length), cwd);
  if (URL_SCHEME.test(text) || SCP.test(text)) return gitSource(text, cwd);
  return undefined;
}

/** The spelling that `parseSource` reads as the same source, whatever else exists. */
export function formatSource(source: InstallSource): string {
  switch (source.type) {
    case "market":
      return `market:${source.name}${source.version === undefined ? "" : `@${source.version}`}`;
    case "image":
      return `image:${source.reference}`;
    case "path":
      return `file:${source.path}`;
    case "git":
      return `git:${source.url}${source.directory === undefined ? "" : `//${source.directory}`}${
        source.ref === undefined ? "" : `#${source.ref}`
      }`;
  }
}

function imageSource(reference: string): InstallSource {
  if (isImage(reference)) return { type: "image", reference };
  throw usageError(`"${reference}" is not an image reference`, {
    hint: "write image:[registry/]name[:tag] or image:name@sha256:…, in lower case",
  });
}

function marketSource(text: string): InstallSource {
  const { name, version } = parseReference(text, []);
  return { type: "market", name, ...(version === undefined ? {} : { version }) };
}

function fileSource(text: string, cwd: string): InstallSource {
  try {
    const path = text.startsWith("file://") ? fileURLToPath(text) : text.slice("file:".length);
    if (path !== "") return { type: "path", path: resolve(cwd, path) };
  } catch {
    // A URL with a host or with escaped slashes names no folder of this machine.
  }
  throw usageError(`"${text}" names no folder`, { hint: "write file:./folder or file:///folder" });
}

/** `URL[//directory][#ref]`, where the URL is one of git's, `user@host:path`, or a path. */
function gitSource(text: string, cwd: string): InstallSource {
  const hash = text.indexOf("#");
  const ref = hash < 0 ? undefined : text.slice(hash + 1);
  const whole = (hash < 0 ? text : text.slice(0, hash)).replace(/^git\+/, "");
  const begin = URL_SCHEME.exec(whole)?.[0].length ?? 0;
  const split = whole.indexOf("//", begin);
  const location = split < 0 ? whole : whole.slice(0, split);
  const directory = split < 0 ? undefined : whole.slice(split + 2).replace(/\/+$/, "");
  if (ref !== undefined && (!GIT_REF.test(ref) || ref.includes(".."))) {
    throw usageError(`"${ref}" is not a branch, tag or commit`, { hint: "write git:URL//directory#ref" });
  }
  if (directory !== undefined && !isInside(directory)) {
    throw usageError(`"${directory}" is not a folder inside the repository`, {
      hint: "write git:URL//directory#ref",
    });
  }
  return {
    type: "git",
    url: gitLocation(location, cwd),
    ...(ref === undefined ? {} : { ref }),
    ...(directory === undefined ? {} : { directory }),
  };
}

function gitLocation(location: string, cwd: string): string {
  if (PATH.test(location)) return resolve(cwd, location);
  if (SCP.test(location)) return location;
  const url = URL_SCHEME.test(location) ? URL.parse(location) : null;
  if (url === null || (url.hostname === "" && url.protocol !== "file:")) {
    throw usageError("this is not an address of a git repository", {
      hint: "write git:https://host/repository.git, git:user@host:repository.git or git:./folder",
    });
  }
  if (url.password !== "" || (url.username !== "" && url.protocol.startsWith("http"))) {
    throw usageError(`the address of a repository on ${url.host} holds a credential`, {
      hint: "leave it out: git's own credential helpers are asked",
    });
  }
  if (ARCHIVE.test(url.pathname)) {
    throw usageError(`"${location}" is a file to download, and a git repository is needed`, {
      hint: `download it, and install what is in it: a folder, or a .deb file; if it is a repository, write git:${location}.git`,
    });
  }
  return location;
}

function isInside(directory: string): boolean {
  return directory !== "" && directory.split(/[/\\]/).every((part) => part !== "" && part !== "..");
}

/** A bare word: the catalogue's, unless it could as well be an image or a folder. */
function catalogueSource(text: string, context: SourceContext): ParsedSource {
  const word = /^([^:@/]+):/.exec(text)?.[1];
  const isTarget = word !== undefined && context.targets.includes(word);
  if (isTarget && TAG.test(text.slice(word.length + 1)) && isImage(text)) {
    throw ambiguous(text, [
      [`image:${text}`, "the image"],
      [`-t ${word} market:${text.slice(word.length + 1)}`, `a plugin of target ${word}`],
    ]);
  }
  if (word !== undefined && !isTarget) throw unknownWord(text, word, context.targets);
  const reference = referenceOrUndefined(text, context.targets);
  if (reference === undefined) throw notASource(text);
  const { target, name, version } = reference;
  const source: InstallSource = { type: "market", name, ...(version === undefined ? {} : { version }) };
  if (target !== undefined) return { target, source };
  const readings: Reading[] = [[`market:${text}`, "the plugin of the catalogue"]];
  if (/^[^/]*\.[^/]*\//.test(text) && isImage(text)) readings.push([`image:${text}`, "the image"]);
  if (context.isPluginFolder(resolve(context.cwd, text))) readings.push([`./${text}`, "the folder"]);
  if (readings.length > 1) throw ambiguous(text, readings);
  return { source };
}

type Reading = readonly [spelling: string, meaning: string];

function ambiguous(text: string, readings: readonly Reading[]) {
  return usageError(`"${text}" could be ${readings.map(([, meaning]) => meaning).join(" or ")}`, {
    hint: `write ${readings.map(([spelling]) => spelling).join(" or ")}`,
    details: { spellings: readings.map(([spelling]) => spelling) },
  });
}

function unknownWord(text: string, word: string, targets: readonly string[]) {
  const known = targets.length > 0 ? `targets: ${targets.join(", ")}` : "plugctl target add creates one";
  if (!isImage(text)) {
    return usageError(`no target is called "${word}" (in "${text}")`, { hint: `${known}; ${FORMS}` });
  }
  const plugin = text.slice(word.length + 1);
  return usageError(`"${text}" could be an image, or a plugin of a target "${word}" that does not exist`, {
    hint: `write image:${text}, or name a target that exists: -t TARGET market:${plugin} (${known})`,
    details: { spellings: [`image:${text}`, `-t TARGET market:${plugin}`] },
  });
}

function notASource(text: string) {
  if (!isImage(text)) return usageError(`"${text}" is nothing that can be installed`, { hint: FORMS });
  return usageError(`"${text}" could be an image or a repository`, {
    hint: `write image:${text} or git:https://${text}`,
    details: { spellings: [`image:${text}`, `git:https://${text}`] },
  });
}

function referenceOrUndefined(text: string, targets: readonly string[]) {
  try {
    return parseReference(text, targets);
  } catch (error) {
    if (isPlugctlError(error)) return undefined;
    throw error;
  }
}

function isImage(text: string): boolean {
  try {
    parseImageReference(text);
    return true;
  } catch (error) {
    if (isPlugctlError(error)) return false;
    throw error;
  }
}
