import { resolve } from "node:path";
import { assertFree } from "../actions/save-stream.ts";
import { formatSize } from "../output/format.ts";
import { done } from "../output/result.ts";
import { addressed } from "./addressed.ts";
import type { backup } from "./backup.meta.ts";
import type { Handler } from "./command.ts";

export const run: Handler<typeof backup> = async ({ args, options, host }) => {
  const file = resolve(host.cwd, args.file);
  await assertFree(file, options.overwrite === true);
  const { target, on, name, label } = await addressed(host, "safekeeping", args.plugin);
  const saved = await on.backup({ name, file }, host.progress.listener);
  return done(
    `saved ${label} to ${args.file} (${formatSize(saved.sizeBytes)})`,
    { target: target.name, kind: target.kind, ...saved },
    { nameOf: () => label },
  );
};
