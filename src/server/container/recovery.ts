import type { Logger } from "pino";
import { listContainers } from "../../engine/containers.ts";
import { LABEL } from "../../engine/labels.ts";
import { recover } from "../../engine/recover.ts";
import { listContainersOfAll, listPluginsOfAll } from "./plugins/containers.ts";
import type { EngineAccess } from "./plugins/engine-access.ts";
import type { InstalledEntries } from "./plugins/installed-entries.ts";
import type { Proxies } from "./proxies/proxies.ts";
import type { PluginTokens } from "./tokens/plugin-tokens.ts";

/** Finishes or undoes what was half-done on the engine when a server before this one died. */
export async function recoverPlugins(engine: EngineAccess, log: Logger): Promise<void> {
  const containers = await listContainersOfAll(engine.client);
  const users = new Set(containers.map(({ Labels }) => Labels[LABEL.user] ?? ""));
  for (const user of users) {
    const scope = engine.scope(user);
    if (await recover(scope, await listContainers(scope)))
      log.warn({ user }, "a half-done change was settled");
  }
}

/**
 * Takes away what is left of plugins that are not there any more: they were removed past the server, or it died while it
 * installed or removed them. To be called while nothing is being changed.
 */
export async function clearLeftovers(parts: {
  engine: EngineAccess;
  entries: InstalledEntries;
  tokens: PluginTokens;
  proxies: Proxies;
  log: Logger;
}): Promise<void> {
  const { engine, entries, tokens, proxies, log } = parts;
  const present = new Set((await listPluginsOfAll(engine.client)).map(({ user, name }) => `${user}/${name}`));
  for (const { user, name, entry } of await entries.list()) {
    if (entry.kind !== "container") present.add(`${user}/${name}`);
    else if (!present.has(`${user}/${name}`)) await entries.delete(user, name);
  }
  const owners = [
    ...(await tokens.owners()),
    ...proxies.list().flatMap(({ user, plugin }) => (plugin === null ? [] : [{ user, plugin }])),
  ];
  for (const { user, plugin } of owners) {
    if (present.has(`${user}/${plugin}`)) continue;
    await tokens.revokeOthers({ user, plugin }, []);
    await proxies.deleteOf(user, plugin);
    log.warn({ user, plugin }, "tokens and proxies of a plugin that is gone were taken away");
  }
}
