import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { targetList } from "./list.meta.ts";
import { TARGET_COLUMNS, targetRow } from "./row.ts";

export const run: Handler<typeof targetList> = async ({ host }) =>
  rows(
    host.config.targets().map((target) => targetRow(target, target.name === host.settings.defaultTarget)),
    TARGET_COLUMNS,
    { empty: 'no targets yet: "plugctl serve" offers ready-made ones, "plugctl target add" makes one' },
  );
