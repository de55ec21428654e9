import { nameOf } from "../plugin-id.ts";
import type { WirePlugin } from "../wazo/schema.ts";
import type { Expectation, TaskOutcome } from "./watch.ts";

/**
 * What a task has changed, told from the lists before and after it: a wazo-plugind itself does not say. Undefined
 * while there is no change that can be the task's.
 */
export function changeBetween(
  before: readonly WirePlugin[],
  after: readonly WirePlugin[],
  { action, plugin }: Expectation,
): TaskOutcome | undefined {
  const versions = new Map(before.map((item) => [nameOf(item), item.version ?? null]));
  const wanted = plugin === undefined ? undefined : nameOf(plugin);
  const outcome = (name: string, version: string | null): TaskOutcome => ({
    ...{ name, version, previousVersion: versions.get(name) ?? null },
    ...{ changed: true, warnings: [], more: {} },
  });
  if (action === "remove") {
    const isGone = wanted !== undefined && after.every((item) => nameOf(item) !== wanted);
    return isGone ? outcome(wanted, null) : undefined;
  }
  const news = after.filter((item) => versions.get(nameOf(item)) !== (item.version ?? null));
  const changed = wanted === undefined ? lastOf(news) : news.find((item) => nameOf(item) === wanted);
  return changed === undefined ? undefined : outcome(nameOf(changed), changed.version ?? null);
}

/** Of plugins that came together, the one for whose sake the others did: none of them needs it. */
function lastOf(plugins: readonly WirePlugin[]): WirePlugin | undefined {
  const needed = new Set(plugins.flatMap(({ depends }) => depends ?? []).map(nameOf));
  return plugins.find((item) => !needed.has(nameOf(item))) ?? plugins[0];
}

/** For a task that ended well and left the list as it was. @param again what was there was installed once more. */
export function unchanged(
  installed: readonly WirePlugin[],
  { label, plugin }: Expectation,
  again: boolean,
): TaskOutcome {
  const found = plugin && installed.find((item) => nameOf(item) === nameOf(plugin));
  return {
    name: plugin === undefined ? label : nameOf(plugin),
    version: found?.version ?? null,
    previousVersion: found?.version ?? null,
    ...{ changed: again, warnings: [], more: {} },
  };
}
