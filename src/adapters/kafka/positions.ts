import { invalidError, notFoundError } from "../../core/errors.ts";
import type { Position } from "../../core/kafka/groups.ts";
import type { AdminPort } from "./port.ts";

/** A place in a partition, with what the partition has. */
export interface PartitionPosition {
  partition: number;
  offset: number;
  endOffset: number;
}

/**
 * Where a position lies in the partitions of a topic.
 * @param nearest an offset that is not there becomes the nearest that is
 * @throws NOT_FOUND for a topic or partition; INVALID for an offset that is not there.
 */
export async function positionsIn(
  admin: AdminPort,
  topic: string,
  {
    partitions,
    from,
    nearest,
  }: { partitions: readonly number[] | undefined; from: Position; nearest: boolean },
): Promise<PartitionPosition[]> {
  await admin.topics([topic]);
  const [first, end, atTime] = await Promise.all([
    admin.offsets(topic, "first"),
    admin.offsets(topic, "end"),
    from.at === "time" ? admin.offsets(topic, from.time.getTime()) : undefined,
  ]);
  const wanted = partitions ?? [...end.keys()];
  return [...wanted]
    .sort((a, b) => a - b)
    .map((partition) => {
      const [lowest, endOffset] = [first.get(partition), end.get(partition)];
      if (lowest === undefined || endOffset === undefined) {
        throw notFoundError(`topic "${topic}" has no partition ${partition}`, {
          hint: `it has the partitions 0 to ${Math.max(...end.keys())}`,
        });
      }
      const asked = offsetOf(from, { first: lowest, end: endOffset, atTime: atTime?.get(partition) });
      const offset = Math.min(Math.max(asked, lowest), endOffset);
      if (offset !== asked && !nearest) {
        throw invalidError(`partition ${partition} of topic "${topic}" has no offset ${asked}`, {
          hint: `it has the offsets ${lowest} to ${endOffset}`,
        });
      }
      return { partition, offset, endOffset };
    });
}

function offsetOf(
  from: Position,
  { first, end, atTime }: { first: number; end: number; atTime: number | undefined },
): number {
  switch (from.at) {
    case "beginning":
      return first;
    case "end":
      return end;
    case "offset":
      return from.offset;
    case "time":
      return atTime ?? end;
    case "last":
      return Math.max(first, end - from.count);
  }
}
