import type { Group } from "./group.ts";
import type { Reply } from "./member.ts";
import { abandon } from "./membership.ts";

/**
 * Starts a request whose answer may be parked. When the client is gone, or the broker stops, it is taken out of the group
 * and answered with `gone`.
 */
export function answered<Result>(
  group: Group,
  signal: AbortSignal,
  gone: Result,
  start: (reply: Reply<Result>) => void,
): Promise<Result> {
  return new Promise((resolve) => {
    const giveUp = () => {
      abandon(group, reply);
      reply(gone);
    };
    const reply = (result: Result) => {
      signal.removeEventListener("abort", giveUp);
      resolve(result);
    };
    signal.addEventListener("abort", giveUp);
    start(reply);
    if (signal.aborted) giveUp();
  });
}
