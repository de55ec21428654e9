import { findPlugin } from "../actions/across-targets.ts";
import { formatReference } from "../core/reference.ts";
import { record } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { info } from "./info.meta.ts";
import { warnFailures } from "./plugin-rows.ts";

export const run: Handler<typeof info> = async ({ args, host }) => {
  const reference = host.reference(args.plugin);
  const { detail, failures } = await findPlugin(host, reference);
  return record(
    detail,
    Object.keys(detail).map((key) => ({
      key,
      ...(key === "state" ? { as: "state" as const } : {}),
      ...(key.endsWith("At") ? { as: "time" as const } : {}),
      ...(key.endsWith("Bytes") ? { as: "size" as const } : {}),
    })),
    {
      nameOf: (row) => formatReference({ ...reference, target: String(row.target) }),
      exitCode: warnFailures(host, failures),
    },
  );
};
