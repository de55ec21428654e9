import { setTimeout as sleep } from "node:timers/promises";
import { toKafkaError } from "../errors.ts";
import type { KafkaClient } from "./client.ts";

/** Milliseconds. */
const FIRST = 200;
const LONGEST = 5_000;

/** Waits before what failed is tried again, longer each time; says once for each outage that there is one. */
export class Backoff {
  readonly #client: KafkaClient;
  readonly #onInterruption: (error: Error) => void;
  readonly #forEver: boolean;
  #next = FIRST;
  #since: number | undefined;

  /** @param forEver go on until the run ends, instead of for as long as a call may take */
  constructor(client: KafkaClient, onInterruption: (error: Error) => void, forEver: boolean) {
    this.#client = client;
    this.#onInterruption = onInterruption;
    this.#forEver = forEver;
  }

  reset(): void {
    this.#next = FIRST;
    this.#since = undefined;
  }

  /** @throws the failure, in words of the taxonomy, when it was tried for long enough. */
  async wait(failure: unknown): Promise<void> {
    const error = toKafkaError(failure, this.#client.asked);
    if (this.#since === undefined) {
      this.#since = performance.now();
      this.#onInterruption(error);
    }
    if (!this.#forEver && performance.now() - this.#since > this.#client.timeoutMs) throw error;
    const delay = this.#next;
    this.#next = Math.min(delay * 2, LONGEST);
    await sleep(delay, undefined, { signal: this.#client.signal });
  }
}
