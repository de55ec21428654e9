import { baseOffset, maxTimestamp, nextOffset } from "../records/batch.ts";
import type { OpenFile } from "./file-system.ts";
import { type BatchAt, scanBatches } from "./scan.ts";
import { LARGEST_RELATIVE_OFFSET, type Segment } from "./segment.ts";

export interface ReadSegmentOptions {
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes between two entries of the index. */
  readonly spacing: number;
  /** Stands for the time of appends that their batches do not tell. */
  readonly now: number;
  /** Called for each batch that counts, with all of its bytes. */
  readonly onBatch?: ((batch: BatchAt) => void) | undefined;
}

/**
 * Takes into an empty segment what its file holds: batch for batch until one is cut, damaged or out of order. Its size is
 * where that begins.
 */
export async function readSegment(
  file: OpenFile,
  segment: Segment,
  { size: fileSize, spacing, now, onBatch }: ReadSegmentOptions,
): Promise<void> {
  await scanBatches(file, { from: 0, to: fileSize, verify: true }, (batch) => {
    const { bytes, at, size } = batch;
    const next = nextOffset(bytes, at);
    if (baseOffset(bytes, at) < segment.nextOffset || next <= baseOffset(bytes, at)) return false;
    if (next - segment.baseOffset > LARGEST_RELATIVE_OFFSET) return false;
    const time = maxTimestamp(bytes, at);
    segment.add(bytes, at, size, spacing, time < 0 ? now : Math.min(time, now));
    onBatch?.(batch);
    return true;
  });
}
