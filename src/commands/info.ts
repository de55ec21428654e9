import { findPlugin } from "../actions/across-targets.ts";
import { formatReference } from "../core/reference.ts";
import { record } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { info } from "./info.meta.ts";
import { warnFailures } from "./plugin-rows.ts";

/** Read below the other fields, since they are pages rather than values. */
const LONG_TEXTS = [
  { key: "readme", title: "README" },
  { key: "changelog", title: "Changelog" },
] as const;

export const run: Handler<typeof info> = async ({ args, host }) => {
  const reference = host.reference(args.plugin);
  const { detail, failures } = await findPlugin(host, reference);
  const texts = LONG_TEXTS.flatMap(({ key, title }) => {
    const markdown = detail[key];
    return typeof markdown === "string" && markdown.trim() !== "" ? [{ title, markdown }] : [];
  });
  const isLong = (key: string) => LONG_TEXTS.some((long) => long.key === key);
  return record(
    detail,
    Object.keys(detail)
      .filter((key) => !isLong(key))
      .map((key) => ({
        key,
        ...(key === "state" ? { as: "state" as const } : {}),
        ...(key.endsWith("At") ? { as: "time" as const } : {}),
        ...(key.endsWith("Bytes") ? { as: "size" as const } : {}),
      })),
    {
      sections: texts,
      nameOf: (row) => formatReference({ ...reference, target: String(row.target) }),
      exitCode: warnFailures(host, failures),
    },
  );
};
