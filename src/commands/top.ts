import { rows } from "../output/result.ts";
import { addressed } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { top } from "./top.meta.ts";

export const run: Handler<typeof top> = async ({ args, host }) => {
  const { on, name, label } = await addressed(host, "statistics", args.plugin);
  const { titles, rows: processes } = await on.top(name);
  const keys = titles.map((title) => title.toLowerCase());
  return rows(
    processes.map((cells) => Object.fromEntries(keys.map((key, index) => [key, cells[index] ?? ""]))),
    titles.map((title, index) => ({
      key: title.toLowerCase(),
      drop: index === 0 ? 0 : titles.length - index,
    })),
    { empty: `${label} has no processes`, nameOf: (row) => String(row.pid ?? label) },
  );
};
