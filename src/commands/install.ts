import { existsSync } from "node:fs";
import { join } from "node:path";
import { batch } from "../actions/batch.ts";
import { settingsChange } from "../actions/settings-change.ts";
import { usageError } from "../core/errors.ts";
import { type ParsedSource, parseSource } from "../core/source.ts";
import type { Host } from "../host.ts";
import { changeResult } from "./change-result.ts";
import type { Handler } from "./command.ts";
import type { install } from "./install.meta.ts";
import { byTarget, progressOf } from "./several-targets.ts";
import { readStdin } from "./stdin-text.ts";

/** A folder with one of these is a plugin, of whichever kind. */
const DESCRIPTIONS = ["plugin.json", "wazo/plugin.yml"];

export const run: Handler<typeof install> = async ({ args, options, host }) => {
  if (options.name !== undefined && args.sources.length > 1) {
    throw usageError(`--name fits one plugin, and ${args.sources.length} were given`);
  }
  const context = {
    targets: host.config.targets().map(({ name }) => name),
    cwd: host.cwd,
    isPluginFolder: (path: string) => DESCRIPTIONS.some((name) => existsSync(join(path, name))),
  };
  const parsed = args.sources.map((text) => ({ text, ...parseSource(text, context) }));
  const settings = await settingsChange(options, {
    cwd: host.cwd,
    env: host.env,
    readStdin: () => readStdin(host),
  });
  const requests = (await Promise.all(parsed.map((source) => requestsOf(host, source, options.name)))).flat();
  const outcomes = await batch(
    requests,
    async ({ on, source, ...item }) =>
      on.install(
        {
          source,
          name: options.name,
          settings,
          build: options.build === true,
          start: options.start !== false,
          replace: options.replace === true,
          dryRun: options.dryRun === true,
        },
        progressOf(host, requests, item),
      ),
    byTarget(host, options.parallel),
  );
  return changeResult(host, outcomes, { dryRun: options.dryRun === true });
};

/** One source on each of the targets that the run names. */
async function requestsOf(
  host: Host,
  { text, target: named, source }: ParsedSource & { text: string },
  name: string | undefined,
) {
  const targets = await host.eachTarget("installation", named);
  return Promise.all(
    targets.map(async (target) => ({
      label: targets.length > 1 ? `${target.name}:${text}` : text,
      target,
      name: name ?? text,
      on: await host.use("installation", target),
      source,
    })),
  );
}
