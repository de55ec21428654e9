import { readlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** As many links as Linux follows in one path. */
const MAX_LINKS = 40;

/**
 * Whether a symbolic link of a tree stays in it, whichever other links of the tree its way leads through. A way that
 * ends at nothing stays in as well.
 * @param path of the link, absolute and below `root`; the folders above it are real ones.
 */
export async function staysInside(root: string, path: string): Promise<boolean> {
  let at = relative(root, dirname(path)).split("/").filter(Boolean);
  const ahead = split(await readlink(path));
  for (let links = 1; ahead.length > 0; ) {
    const segment = ahead.shift() as string;
    if (segment === "/") return false;
    if (segment === "..") {
      if (at.pop() === undefined) return false;
      continue;
    }
    const target = await readlink(join(root, ...at, segment)).catch(() => undefined);
    if (target === undefined) at = [...at, segment];
    else if (++links > MAX_LINKS) return false;
    else ahead.unshift(...split(target));
  }
  return true;
}

/** Segments of a link's target; an absolute one begins with `/`. */
function split(target: string): string[] {
  const segments = target.split("/").filter((segment) => segment !== "" && segment !== ".");
  return target.startsWith("/") ? ["/", ...segments] : segments;
}
