import { findOutdated } from "../actions/find-outdated.ts";
import type { Handler } from "./command.ts";
import type { outdated } from "./outdated.meta.ts";
import { outdatedRows } from "./outdated-rows.ts";

export const run: Handler<typeof outdated> = async ({ options, host }) =>
  outdatedRows(host, await findOutdated(host), { exitCode: options.exitCode === true });
