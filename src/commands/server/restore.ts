import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { notFoundError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import { restoreBackup } from "../../server/storage/restore.ts";
import type { Handler } from "../command.ts";
import type { serverRestore } from "./restore.meta.ts";

export const run: Handler<typeof serverRestore> = async ({ args, options, host }) => {
  const file = resolve(host.cwd, args.file);
  const dataDir = resolve(host.cwd, options.data);
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw notFoundError(`there is no file ${file}`);
  await host.prompt.confirm(
    `Restore ${args.file} into ${dataDir}? Users, tokens and keys are those of the backup.`,
  );
  host.progress.listener({ phase: "restoring", message: `checking and restoring ${args.file}` });
  await restoreBackup(file, dataDir);
  return done(
    `restored ${args.file} into ${dataDir}; plugctl serve --data ${dataDir} starts it`,
    { file, dataDir },
    { nameOf: () => dataDir },
  );
};
