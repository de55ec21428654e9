import RequestQueue from "kafkajs/src/network/requestQueue/index.js";

/** How often a queue is looked at that waits for answers, in milliseconds; kafkajs' own number. */
const CHECK_INTERVAL = 10;

/**
 * Has kafkajs look at a connection's queue only while something waits in it. It would do so every millisecond of every
 * idle connection, a twentieth of a processor each, by a delay below zero, of which Node warns on stderr.
 */
export function quietenQueues(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = function () {
    if (this.throttleCheckTimeoutId !== null || this.pending.length === 0) return;
    const delay = Math.max(this.throttledUntil - Date.now(), CHECK_INTERVAL);
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    }, delay);
  };
}
