import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { invalidError } from "../core/errors.ts";

const SCHEMES: ReadonlySet<string> = new Set(["https:", "http:", "ssh:", "git:", "file:"]);

/** `user@host:path`, as ssh and git write it. */
const SCP = /^(?:[A-Za-z0-9_][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?![:/]{2})[A-Za-z0-9_.~/][^\s]*$/;

/** At the beginning, in any spelling. */
const HYPHEN = /^(?:-|%2d)/i;

/** A branch, tag or commit, in a spelling that git can take neither for an option nor for an expression. */
const REF = /^[A-Za-z0-9_][A-Za-z0-9_.+/-]*$/;

/**
 * Checks the address of a repository, which anybody may have written: it must be plainly an address, so that nothing in
 * it is an option, a program (`ext::`) or a secret that would end up in the list of processes.
 * @returns the address; of an absolute path its URL, since git copies a path's whole history.
 * @throws INVALID saying why it is refused.
 */
export function checkGitUrl(url: string): string {
  const refuse = (why: string) =>
    invalidError(`the git address ${JSON.stringify(shown(url))} is refused: ${why}`);
  if (/[\u0000-\u0020\u007f]/.test(url)) throw refuse("it contains blanks or control characters");
  if (url.startsWith("-")) throw refuse("it begins with a hyphen");
  if (/^[A-Za-z0-9+.-]+::/.test(url)) throw refuse("transport helpers are programs");
  if (isAbsolute(url)) return pathToFileURL(url).href;
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(url)) {
    if (SCP.test(url)) return url;
    throw refuse("it is neither a URL, user@host:path nor an absolute path");
  }
  const parsed = URL.parse(url);
  if (parsed === null) throw refuse("it is not a URL");
  if (!SCHEMES.has(parsed.protocol)) throw refuse("the scheme is none of https, http, ssh, git and file");
  if (parsed.password !== "")
    throw refuse("it contains a password, which a git credential helper should keep");
  if (HYPHEN.test(parsed.hostname) || HYPHEN.test(parsed.username)) {
    throw refuse("a host or user begins with a hyphen");
  }
  return url;
}

/** @throws INVALID for what is not the name of a branch, tag or commit. */
export function checkGitRef(ref: string): string {
  if (
    !REF.test(ref) ||
    ref.includes("..") ||
    ref.includes("//") ||
    ref.endsWith("/") ||
    ref.endsWith(".lock")
  ) {
    throw invalidError(`${JSON.stringify(ref.slice(0, 200))} is not the name of a branch, tag or commit`);
  }
  return ref;
}

/** Without what might be a password. */
const shown = (url: string) => url.slice(0, 300).replace(/(\/\/[^/@:]*):[^/@]*@/, "$1:…@");
