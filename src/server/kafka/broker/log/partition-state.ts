import { join } from "node:path";
import { z } from "zod";
import type { EpochStart } from "./epochs.ts";
import { type FileSystem, replaceFile } from "./file-system.ts";

export const STATE_FILE = "state.json";

const offset = z.int().nonnegative();

const stateSchema = z.object({
  format: z.literal(1),
  /** Records before it were removed. */
  logStart: offset,
  epochs: z.array(z.object({ epoch: z.int().nonnegative(), offset })),
});

/** What the batches of a partition do not say themselves. */
export interface PartitionState {
  readonly logStart: number;
  readonly epochs: readonly EpochStart[];
}

/** @returns undefined where the file is damaged */
export async function readState(
  fileSystem: FileSystem,
  directory: string,
): Promise<PartitionState | undefined> {
  const bytes = await fileSystem.readSmall(join(directory, STATE_FILE));
  try {
    return stateSchema.parse(JSON.parse(bytes.toString()));
  } catch {
    return undefined;
  }
}

/** Returns when the state survives a loss of power. */
export async function writeState(
  fileSystem: FileSystem,
  directory: string,
  { logStart, epochs }: PartitionState,
): Promise<void> {
  const text = JSON.stringify({ format: 1, logStart, epochs });
  await replaceFile(fileSystem, join(directory, STATE_FILE), Buffer.from(`${text}\n`), { durable: true });
  await fileSystem.syncDirectory(directory);
}
