import type { TopicConfig } from "../meta/topic-config.ts";
import type { Segments } from "./segments.ts";

export type RetentionSettings = Pick<TopicConfig, "deletes" | "retentionMs" | "retentionBytes">;

/**
 * How many of the first segments a topic's retention does not keep any more: those whose newest record is too old, and those
 * without which the log still has the size that is kept. All, where the last one is too old as well, which then has to be
 * closed first.
 */
export function expiredSegments(segments: Segments, settings: RetentionSettings, now: number): number {
  if (!settings.deletes) return 0;
  const { all } = segments;
  let excess = segments.size - settings.retentionBytes;
  let count = 0;
  for (const { maxTimestamp, lastAppend, size } of all) {
    const isLast = count === all.length - 1;
    const newest = maxTimestamp >= 0 ? maxTimestamp : lastAppend;
    const tooOld = size > 0 && now - newest > settings.retentionMs;
    const tooMuch = !isLast && excess >= size;
    if (!tooOld && !tooMuch) break;
    excess -= size;
    count++;
  }
  return count;
}
