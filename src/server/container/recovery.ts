import type { Logger } from "pino";
import { listContainers } from "../../engine/containers.ts";
import { LABEL } from "../../engine/labels.ts";
import { recover } from "../../engine/recover.ts";
import { listContainersOfAll } from "./plugins/containers.ts";
import type { EngineAccess } from "./plugins/engine-access.ts";

/** Finishes or undoes what was half-done on the engine when a server before this one died. */
export async function recoverPlugins(engine: EngineAccess, log: Logger): Promise<void> {
  const users = new Set(
    (await listContainersOfAll(engine.client)).map(({ Labels }) => Labels[LABEL.user] ?? ""),
  );
  for (const user of users) {
    const scope = engine.scope(user);
    if (await recover(scope, await listContainers(scope)))
      log.warn({ user }, "a half-done change was settled");
  }
}
