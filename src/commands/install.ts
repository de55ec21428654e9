import { existsSync } from "node:fs";
import { join } from "node:path";
import { batch } from "../actions/batch.ts";
import { settingsChange } from "../actions/settings-change.ts";
import { usageError } from "../core/errors.ts";
import { parseSource } from "../core/source.ts";
import { changeResult } from "./change-result.ts";
import type { Handler } from "./command.ts";
import type { install } from "./install.meta.ts";
import { readStdin } from "./stdin-text.ts";

export const run: Handler<typeof install> = async ({ args, options, host }) => {
  if (options.name !== undefined && args.sources.length > 1) {
    throw usageError(`--name fits one plugin, and ${args.sources.length} were given`);
  }
  const context = {
    targets: host.config.targets().map(({ name }) => name),
    cwd: host.cwd,
    isPluginFolder: (path: string) => existsSync(join(path, "plugin.json")),
  };
  const parsed = args.sources.map((text) => ({ text, ...parseSource(text, context) }));
  const settings = await settingsChange(options, {
    cwd: host.cwd,
    env: host.env,
    readStdin: () => readStdin(host),
  });
  const requests = await Promise.all(
    parsed.map(async ({ text, target: named, source }) => {
      const { target, on } = await host.capability("installation", named);
      return { label: text, target, name: options.name ?? text, on, source };
    }),
  );
  const outcomes = await batch(
    requests,
    ({ on, source }) =>
      on.install(
        {
          source,
          name: options.name,
          settings,
          build: options.build === true,
          start: options.start !== false,
          dryRun: options.dryRun === true,
        },
        host.progress.listener,
      ),
    { concurrency: 1, signal: host.signal },
  );
  return changeResult(host, outcomes, { dryRun: options.dryRun === true });
};
