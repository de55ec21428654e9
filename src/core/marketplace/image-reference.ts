import { invalidError } from "../errors.ts";

/** The parts of `[registry/]repository[:tag][@digest]`. */
export interface ImageReference {
  /** Registry included. */
  repository: string;
  tag: string | null;
  digest: string | null;
}

// The grammar of github.com/distribution/reference.
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Longest repository name that registries take. */
const REPOSITORY_LENGTH = 255;

/** @throws INVALID saying which part is not what it must be. */
export function parseImageReference(text: string): ImageReference {
  const at = text.indexOf("@");
  const digest = at < 0 ? null : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  // A colon before the last slash belongs to the port of a registry.
  const colon = named.indexOf(":", named.lastIndexOf("/") + 1);
  const repository = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? null : named.slice(colon + 1);
  if (digest !== null && !DIGEST.test(digest)) throw bad(text, "the digest is not sha256: and 64 hex digits");
  if (tag !== null && !TAG.test(tag)) throw bad(text, "the tag is not letters, digits, '_', '.' and '-'");
  if (!isRepository(repository)) throw bad(text, "the name is not a repository name in lower case");
  return { repository, tag, digest };
}

function isRepository(repository: string): boolean {
  if (repository.length > REPOSITORY_LENGTH) return false;
  const [first = "", ...rest] = repository.split("/");
  const hasHost = rest.length > 0 && (/[.:[]/.test(first) || first === "localhost" || /[A-Z]/.test(first));
  if (hasHost && !HOST.test(first)) return false;
  return (hasHost ? rest : [first, ...rest]).every((component) => COMPONENT.test(component));
}

/** The spelling that `parseImageReference` accepts again. */
export function formatImageReference({ repository, tag, digest }: ImageReference): string {
  return `${repository}${tag === null ? "" : `:${tag}`}${digest === null ? "" : `@${digest}`}`;
}

const bad = (text: string, why: string) =>
  invalidError(`"${text.slice(0, 300)}" is not an image reference: ${why}`);
