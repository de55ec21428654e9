import { record } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { version } from "./version.meta.ts";

export const run: Handler<typeof version> = async ({ host }) =>
  record(
    {
      name: "plugctl",
      version: host.version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      config: host.paths.config,
    },
    [{ key: "version" }, { key: "node" }, { key: "platform" }, { key: "config" }],
  );
