import { invalidError } from "../core/errors.ts";

/** No dot: what follows one tells a container's role. Shorter than what a host name may be. */
const PLUGIN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/** @throws INVALID for what cannot be part of a container's name. */
export function checkPluginName(name: string): string {
  if (PLUGIN.test(name)) return name;
  throw invalidError(`"${name.slice(0, 100)}" cannot be the name of a plugin`, {
    hint: "1 to 63 letters, digits, '_' or '-', starting with a letter or digit; --name gives another",
  });
}

/** A login in the names that engines take: they know no "@". */
export const userPart = (user: string) => user.replaceAll("@", "-.");

/**
 * What begins the names of everything that belongs to a plugin. Two plugins may come to the same (`b-c` of the user `a`,
 * and `c` of `a-b`), so whose something is, its labels tell: what they say is somebody else's is never used.
 */
export const ownName = (user: string, plugin: string) => `${userPart(user)}-${plugin}`;

/**
 * Names of a plugin's containers: the one that is used, the one that shall take its place and is not done yet, and the
 * one from before the last change, kept stopped for a rollback.
 */
export function containerNames(user: string, plugin: string) {
  const current = ownName(user, plugin);
  return { current, next: `${current}.next`, previous: `${current}.previous` };
}

export type ContainerRole = "current" | "next" | "previous";

/** @param name as engines list it, with or without the leading slash. */
export function roleOf(name: string): ContainerRole {
  if (name.endsWith(".next")) return "next";
  return name.endsWith(".previous") ? "previous" : "current";
}
