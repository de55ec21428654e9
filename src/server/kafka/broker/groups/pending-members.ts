import type { Clock } from "../clock.ts";

/** Ids that were given to clients which have to join with them (MEMBER_ID_REQUIRED) and have not yet. */
export class PendingMembers {
  readonly #clock: Clock;
  readonly #onGone: () => void;
  readonly #timers = new Map<string, () => void>();

  /** `onGone` is called when one has not come back in time. */
  constructor(clock: Clock, onGone: () => void) {
    this.#clock = clock;
    this.#onGone = onGone;
  }

  get size(): number {
    return this.#timers.size;
  }

  add(memberId: string, timeout: number): void {
    const expire = () => {
      this.#timers.delete(memberId);
      this.#onGone();
    };
    this.#timers.set(memberId, this.#clock.after(timeout, expire));
  }

  /** False for an id that is not pending. */
  take(memberId: string): boolean {
    this.#timers.get(memberId)?.();
    return this.#timers.delete(memberId);
  }

  has(memberId: string): boolean {
    return this.#timers.has(memberId);
  }

  close(): void {
    for (const stop of this.#timers.values()) stop();
    this.#timers.clear();
  }
}
