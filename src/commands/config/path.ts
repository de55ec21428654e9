import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { configPath } from "./path.meta.ts";

export const run: Handler<typeof configPath> = async ({ host }) =>
  record(
    {
      user: host.config.userPath,
      project: host.config.files.find(({ origin }) => origin === "project")?.path ?? null,
      credentials: host.credentials.path,
      cache: host.paths.cache,
    },
    [{ key: "user" }, { key: "project" }, { key: "credentials" }, { key: "cache" }],
    { nameOf: (row) => String(row.user) },
  );
