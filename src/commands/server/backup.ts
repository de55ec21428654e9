import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { assertFree, saveStream } from "../../actions/save-stream.ts";
import { usageError } from "../../core/errors.ts";
import { formatSize } from "../../output/format.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { serverBackup } from "./backup.meta.ts";

export const run: Handler<typeof serverBackup> = async ({ args, options, host }) => {
  const { stdout, stdoutIsTerminal } = host.terminal;
  if (args.file === "-") {
    if (stdoutIsTerminal)
      throw usageError("a backup is not for the eyes", { hint: "pipe it, or name a file" });
    const { on } = await host.capability("administration");
    await pipeline(await on.server.backup(), stdout, { end: false });
    return undefined;
  }
  const path = resolve(host.cwd, args.file);
  const overwrite = options.overwrite === true;
  await assertFree(path, overwrite);
  const { target, on } = await host.capability("administration");
  const sizeBytes = await saveStream(await on.server.backup(), path, {
    overwrite,
    onBytes: (bytes) =>
      host.progress.listener({
        phase: "saving",
        message: `saving ${target.name}`,
        done: bytes,
        unit: "bytes",
      }),
  });
  return done(
    `saved ${target.name} to ${args.file} (${formatSize(sizeBytes)})`,
    { target: target.name, file: path, sizeBytes },
    { nameOf: () => path },
  );
};
