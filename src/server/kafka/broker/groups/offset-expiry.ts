import type { StoredGroup } from "./offset-store.ts";

/**
 * What a group without members has committed that nobody came back for: nothing was committed, and no member was there, since
 * `oldest`, in milliseconds since 1970.
 */
export function expiredOffsets(
  group: StoredGroup | undefined,
  oldest: number,
): { expired: [topic: string, partition: number][]; kept: number } {
  const expired: [string, number][] = [];
  let kept = 0;
  for (const [topic, partitions] of group?.offsets ?? []) {
    for (const [partition, { at }] of partitions) {
      if (Math.max(at, group?.emptySince ?? 0) <= oldest) expired.push([topic, partition]);
      else kept++;
    }
  }
  return { expired, kept };
}
