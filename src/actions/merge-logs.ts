import type { LogLine } from "../core/observation.ts";

/**
 * Lines of several logs that end, in the order of their times. A line without a time stays behind the one before it
 * in its own log.
 */
export async function* mergeByTime<T extends LogLine>(logs: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const cursors = logs.map((log) => new Cursor(log));
  try {
    await Promise.all(cursors.map((cursor) => cursor.advance()));
    for (;;) {
      let first: Cursor<T> | undefined;
      for (const cursor of cursors) {
        if (cursor.line === undefined) continue;
        if (first === undefined || cursor.time < first.time) first = cursor;
      }
      if (first?.line === undefined) return;
      yield first.line;
      await first.advance();
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

/** A log with its next line. */
class Cursor<T extends LogLine> {
  readonly #lines: AsyncIterator<T>;
  line: T | undefined;
  /** Of the next line, in a form that compares as the times do, however many digits of a second they have. */
  time = "";

  constructor(log: AsyncIterable<T>) {
    this.#lines = log[Symbol.asyncIterator]();
  }

  async advance(): Promise<void> {
    const next = await this.#lines.next();
    this.line = next.done ? undefined : next.value;
    if (this.line?.at) this.time = this.line.at.replace(/Z$/, "");
  }

  async close(): Promise<void> {
    await this.#lines.return?.();
  }
}

/** Lines of several logs as they come. The first log that fails ends them all. */
export async function* interleave<T>(logs: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const iterators = logs.map((log) => log[Symbol.asyncIterator]());
  const pending = new Map<number, Promise<{ index: number; next: IteratorResult<T> }>>();
  const ask = (index: number) => {
    const iterator = iterators[index];
    if (iterator !== undefined)
      pending.set(
        index,
        iterator.next().then((next) => ({ index, next })),
      );
  };
  try {
    for (const index of iterators.keys()) ask(index);
    while (pending.size > 0) {
      const { index, next } = await Promise.race(pending.values());
      if (next.done) {
        pending.delete(index);
        continue;
      }
      yield next.value;
      ask(index);
    }
  } finally {
    // What is still waiting for a line may never come back, so its end is not waited for.
    for (const promise of pending.values()) promise.catch(() => {});
    for (const iterator of iterators) iterator.return?.().catch(() => {});
  }
}
