import { resolve } from "node:path";
import { done } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { publish } from "./publish.meta.ts";

export const run: Handler<typeof publish> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("publication");
  const result = await on.publish(
    {
      source: resolve(host.cwd, args.source ?? "."),
      channel: options.channel,
      provider: options.provider,
      dryRun: options.dryRun === true,
    },
    host.progress.listener,
  );
  host.progress.stop();
  for (const warning of result.warnings) host.warn(warning);
  const what = `${result.name} ${result.version}`;
  const channel = result.channel === null ? "" : `, channel ${result.channel}`;
  const sentences = {
    published: `published ${what} to ${target.name} (${result.files} files${channel})`,
    unchanged: `${what} is on ${target.name} already, with the same content`,
    "dry-run": `${what} can be published to ${target.name} (${result.files} files${channel}); nothing was changed`,
  };
  return done(
    sentences[result.status],
    { target: target.name, kind: target.kind, ...result, changed: result.status === "published" },
    { nameOf: () => `${target.name}:${result.name}@${result.version}` },
  );
};
