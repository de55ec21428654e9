import type { Clock } from "../clock.ts";
import { ErrorCode } from "../protocol/errors.ts";
import type { Partition } from "../topics.ts";
import { divergence, type FetchPartition, isOutOfRange, type PlannedTopic } from "./fetch-plan.ts";

interface Waiting {
  readonly partition: Partition;
  readonly asked: FetchPartition;
  available: number;
}

export interface WaitOptions {
  readonly minBytes: number;
  /** Milliseconds. */
  readonly maxWait: number;
  /** Ends the wait early. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/**
 * Waits until the partitions of a fetch have `minBytes` to give, the time is over, or nobody waits for the answer any more.
 * Does not wait where a partition has an error to report. A look at an append costs the partition that it went to.
 */
export async function untilWorthAnswering(
  plan: readonly PlannedTopic[],
  options: WaitOptions,
): Promise<void> {
  const { minBytes, maxWait, signal, clock } = options;
  if (maxWait <= 0 || minBytes <= 0 || signal.aborted) return;
  const waiting: Waiting[] = [];
  let available = 0;
  for (const { partitions } of plan) {
    for (const { partition, asked, errorCode } of partitions) {
      if (partition === undefined || errorCode !== ErrorCode.NONE) return;
      if (isOutOfRange(partition, asked.fetchOffset) || divergence(partition, asked) !== null) return;
      const one = { partition, asked, available: availableIn(partition, asked) };
      available += one.available;
      waiting.push(one);
    }
  }
  if (available >= minBytes) return;
  await new Promise<void>((resolve) => {
    const stops: (() => void)[] = [];
    const finish = () => {
      for (const stop of stops.splice(0)) stop();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    stops.push(clock.after(maxWait, finish));
    signal.addEventListener("abort", finish, { once: true });
    for (const one of waiting) {
      stops.push(
        one.partition.onAppend(() => {
          available -= one.available;
          one.available = availableIn(one.partition, one.asked);
          available += one.available;
          if (available >= minBytes) finish();
        }),
      );
    }
  });
}

const availableIn = (partition: Partition, { fetchOffset, partitionMaxBytes }: FetchPartition): number =>
  Math.min(partition.bytesFrom(fetchOffset), Math.max(partitionMaxBytes, 1));
