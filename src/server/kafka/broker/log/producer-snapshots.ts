import { join } from "node:path";
import { nextOffset } from "../records/batch.ts";
import { type FileSystem, replaceFile } from "./file-system.ts";
import { Producers } from "./producers.ts";
import { scanBatches } from "./scan.ts";
import { fileName, type Segment } from "./segment.ts";

const PREFIX = "producers-";
const ENDING = ".snap";
/** Of the newest segment's start and of the last orderly end. */
const KEPT = 2;

/** Offsets of the snapshots that there are, newest first. */
function snapshotOffsets(names: readonly string[]): number[] {
  return names
    .filter((name) => name.startsWith(PREFIX) && name.endsWith(ENDING))
    .map((name) => Number(name.slice(PREFIX.length, -ENDING.length)))
    .sort((a, b) => b - a);
}

const snapshotPath = (directory: string, offset: number) =>
  join(directory, PREFIX + fileName(offset, ENDING));

/** Writes down what is known of producers where the log ends at `offset`, and forgets what was written long before. */
export async function saveProducers(
  fileSystem: FileSystem,
  directory: string,
  offset: number,
  producers: Producers,
): Promise<void> {
  await replaceFile(fileSystem, snapshotPath(directory, offset), producers.toBytes(), { durable: false });
  const old = snapshotOffsets(await fileSystem.list(directory)).slice(KEPT);
  for (const each of old) await fileSystem.remove(snapshotPath(directory, each));
}

/** What is known of producers at the end of a log: from the newest snapshot, and the batches after it. */
export async function loadProducers(
  directory: string,
  names: readonly string[],
  segments: readonly Segment[],
  { fileSystem, now }: { fileSystem: FileSystem; now: number },
): Promise<Producers> {
  const end = segments.at(-1)?.nextOffset ?? 0;
  const { producers, from } = await readSnapshot(directory, names, end, fileSystem);
  for (const segment of segments) {
    if (segment.nextOffset <= from) continue;
    const file = await fileSystem.open(segment.path);
    try {
      await scanBatches(file, { from: 0, to: segment.size, verify: false }, ({ bytes, at }) => {
        if (nextOffset(bytes, at) > from) producers.add(bytes, at, now);
        return true;
      });
    } finally {
      await file.close();
    }
  }
  producers.expire(now);
  return producers;
}

async function readSnapshot(
  directory: string,
  names: readonly string[],
  end: number,
  fileSystem: FileSystem,
): Promise<{ producers: Producers; from: number }> {
  for (const offset of snapshotOffsets(names)) {
    if (offset > end) {
      // Of a part of the log that was cut; what comes there now is something else.
      await fileSystem.remove(snapshotPath(directory, offset));
      continue;
    }
    const producers = Producers.fromBytes(await fileSystem.readSmall(snapshotPath(directory, offset)));
    if (producers !== undefined) return { producers, from: offset };
  }
  return { producers: new Producers(), from: 0 };
}
