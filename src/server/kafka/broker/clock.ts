/** Time as the broker sees it; tests hand in one that they turn themselves. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `action` once after `delay` milliseconds, unless the returned function is called before. */
  after(delay: number, action: () => void): () => void;
}

/** The longest delay that Node's timers take; longer ones would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

/** The machine's time. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delay, action) {
    const timer = setTimeout(action, Math.min(delay, LONGEST_DELAY));
    timer.unref();
    return () => clearTimeout(timer);
  },
};
