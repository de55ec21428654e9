import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { serverStatus } from "./status.meta.ts";

const showCounts = (value: unknown) =>
  Object.entries(value as Record<string, number>)
    .map(([what, count]) => `${count} ${what}`)
    .join(", ");

const showModules = (value: unknown) =>
  Object.entries(value as Record<string, string | { unavailable: string }>)
    .map(
      ([name, state]) => `${name} ${typeof state === "string" ? state : `unavailable: ${state.unavailable}`}`,
    )
    .join(", ");

export const run: Handler<typeof serverStatus> = async ({ host }) => {
  const { target, on } = await host.capability("administration");
  return record(
    { target: target.name, url: target.url, ...(await on.server.status()) },
    [
      { key: "target" },
      { key: "url" },
      { key: "version" },
      { key: "startedAt", title: "started", as: "time" },
      { key: "modules", show: showModules },
      { key: "counts", title: "holds", show: showCounts },
      { key: "sizeBytes", title: "size", as: "size" },
      { key: "dataDir", title: "data" },
    ],
    { nameOf: () => target.name },
  );
};
