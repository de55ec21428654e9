import { followOperation } from "../../actions/follow-operation.ts";
import { formatSize } from "../../output/format.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { serverGc } from "./gc.meta.ts";

export const run: Handler<typeof serverGc> = async ({ options, host }) => {
  const { on } = await host.capability("administration");
  const started = await on.server.gc();
  const nameOf = () => started.id;
  if (options.wait === false) {
    return done(`operation ${started.id} deletes what nothing refers to`, started, { nameOf });
  }
  const ended = await followOperation(on.operations, started, host.progress.listener);
  const { removed, freed } = ended.result as { removed: number; freed: number };
  return done(`deleted ${removed} files that nothing referred to (${formatSize(freed)})`, ended, { nameOf });
};
