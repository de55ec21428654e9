import type { Target } from "../config/config.ts";
import { type PlugctlError, toPlugctlError } from "../core/errors.ts";
import type { EventQuery, Events, TargetEvent } from "../core/observation.ts";
import type { Found } from "./across-targets.ts";
import { interleave } from "./merge-logs.ts";

/** Whose events are wanted. */
export interface EventSource {
  target: Target;
  /** @throws UNSUPPORTED. */
  open: () => Promise<Events>;
  /** Names; undefined = whatever happens on the target. */
  plugins: readonly string[] | undefined;
}

/**
 * Events of several targets as they come. One that fails ends the others only when it is the last.
 * @param onFailure a target was lost while others go on.
 */
export function watchEvents(
  sources: readonly EventSource[],
  query: EventQuery,
  onFailure: (target: string, error: PlugctlError) => void,
): AsyncGenerator<Found<TargetEvent>> {
  let left = sources.length;
  const watch = async function* ({ target, open, plugins }: EventSource) {
    try {
      for await (const event of (await open()).events(query)) {
        if (plugins === undefined || plugins.some((name) => isAbout(event.resource, name)))
          yield { target: target.name, kind: target.kind, ...event };
      }
    } catch (thrown) {
      left -= 1;
      if (left === 0) throw thrown;
      onFailure(target.name, toPlugctlError(thrown));
    }
  };
  return interleave(sources.map(watch));
}

/** `plugin:name` or `plugin:name@version`. */
const isAbout = (resource: string, name: string) =>
  resource === `plugin:${name}` || resource.startsWith(`plugin:${name}@`);
