import { invalidError, isPlugctlError } from "../../../core/errors.ts";
import { BUILD_LIMITS } from "../builder/limits.ts";
import { checkedKind, checkPath, listWithin, type PackageEntry, refused } from "../builder/package-tree.ts";
import { readEntries } from "../installer/deb-file.ts";

const KINDS: Readonly<Record<string, PackageEntry["kind"]>> = {
  file: "file",
  "contiguous-file": "file",
  link: "file",
  directory: "folder",
  symlink: "link",
};

/**
 * Holds a finished package to what the builder lets into one, since it may come from anywhere.
 * @param file the `.deb`. @throws INVALID.
 */
export async function checkContents(file: string): Promise<void> {
  try {
    await listWithin(entriesOf(file), BUILD_LIMITS);
  } catch (cause) {
    if (isPlugctlError(cause)) throw cause;
    throw invalidError("the files of the package cannot be read", { cause });
  }
}

async function* entriesOf(file: string): AsyncGenerator<PackageEntry> {
  const files = new Set<string>();
  for await (const { path, header } of readEntries(file)) {
    if (path === "") continue;
    const { mode = 0, size = 0, linkname } = header;
    checkPath(path);
    const kind = checkedKind({
      path,
      kind: KINDS[header.type ?? ""],
      mode,
      target: linkname ?? undefined,
    });
    // A hard link to anything else would give a second name to a file of the host.
    if (header.type === "link" && !files.has(plainPath(linkname ?? ""))) {
      throw refused(`has ${JSON.stringify(path)}, a hard link to what is not in it`);
    }
    if (kind === "file") files.add(path);
    yield { path, kind, size };
  }
}

const plainPath = (path: string) => path.replace(/^\.?\/*/, "");
