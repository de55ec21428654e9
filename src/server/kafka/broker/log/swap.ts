import { join } from "node:path";
import { type FileSystem, replaceFile } from "./file-system.ts";
import { fileName, LOG, type Segment } from "./segment.ts";
import type { SegmentFiles, Segments } from "./segments.ts";

/**
 * What the name of a file ends with that takes the place of all segments from one offset up to another; both are in the name.
 * Once it has that name it is whole, and is put in their place whatever happens, after a crash by the next start.
 */
const SWAP = ".swap";
const SWAP_NAME = /^(\d{20})-(\d{20})\.swap$/;
const SEGMENT_NAME = /^(\d{20})\.(?:log|index)$/;

/**
 * Puts a segment, whose file has a temporary name, in the place of closed ones that follow one another; it leaves with them
 * where it is empty. Readers of the old ones notice, and read again. Nothing happens where one of them has left the log.
 */
export async function swapSegments(
  segments: Segments,
  replaced: readonly Segment[],
  written: Segment,
  { fileSystem, files }: SegmentFiles,
): Promise<void> {
  const next = segments.all[segments.all.indexOf(replaced.at(-1) as Segment) + 1];
  if (next === undefined || replaced.some(({ retired }) => retired)) return;
  const { directory } = segments;
  const range = { from: written.baseOffset, to: next.baseOffset };
  const swap = join(directory, `${fileName(range.from, "-")}${fileName(range.to, SWAP)}`);
  await fileSystem.rename(written.path, swap);
  await fileSystem.syncDirectory(directory);
  written.path = swap;
  // Held open, so that whoever reads it while its name changes finds it.
  const { release } = await files.use(swap);
  try {
    segments.replace(replaced, written.size > 0 ? [written] : []);
    await removeReplaced(directory, range, fileSystem);
    const path = join(directory, fileName(range.from, LOG));
    await fileSystem.rename(swap, path);
    written.path = path;
  } finally {
    files.forget(swap);
    release();
  }
  await fileSystem.syncDirectory(directory);
  if (written.size === 0) await fileSystem.remove(written.path);
  else if (written.index !== undefined) {
    await replaceFile(fileSystem, written.indexPath, written.index.encode(written.facts), { durable: false });
    // From now on read from the disk when it is needed.
    written.index = undefined;
  }
}

/** Carries out the replacements that a crash interrupted. */
export async function finishSwaps(directory: string, fileSystem: FileSystem): Promise<void> {
  for (const name of await fileSystem.list(directory)) {
    const match = SWAP_NAME.exec(name);
    if (match === null) continue;
    const range = { from: Number(match[1]), to: Number(match[2]) };
    await removeReplaced(directory, range, fileSystem);
    await fileSystem.rename(join(directory, name), join(directory, fileName(range.from, LOG)));
    await fileSystem.syncDirectory(directory);
  }
}

/** Removes the segments of a range, but for the file that is replaced by a rename. */
async function removeReplaced(
  directory: string,
  { from, to }: { from: number; to: number },
  fileSystem: FileSystem,
): Promise<void> {
  for (const name of await fileSystem.list(directory)) {
    const base = Number(SEGMENT_NAME.exec(name)?.[1] ?? Number.NaN);
    // The index of that file is among what goes: it would be taken for that of the new one.
    if (base >= from && base < to && name !== fileName(from, LOG))
      await fileSystem.remove(join(directory, name));
  }
  // None of them may come back after a loss of power, when nothing tells any more that they were replaced.
  await fileSystem.syncDirectory(directory);
}
