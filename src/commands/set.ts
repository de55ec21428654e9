import { settingsChange } from "../actions/settings-change.ts";
import { usageError } from "../core/errors.ts";
import { done, record } from "../output/result.ts";
import { addressed } from "./addressed.ts";
import { planLines } from "./change-result.ts";
import type { Handler } from "./command.ts";
import type { set } from "./set.meta.ts";
import { readStdin } from "./stdin-text.ts";

export const run: Handler<typeof set> = async ({ args, options, host }) => {
  const bare = args.variables.find((word) => !word.includes("="));
  if (bare !== undefined) throw usageError(`"${bare}" is not KEY=value`, { hint: "--unset takes one away" });
  const change = await settingsChange(
    { ...options, env: [...args.variables, ...(options.env ?? [])] },
    { cwd: host.cwd, env: host.env, readStdin: () => readStdin(host) },
  );
  const { target, on, name, label } = await addressed(host, "settings", args.plugin);
  const nameOf = () => label;
  const identity = { target: target.name, kind: target.kind };
  if (Object.keys(change).length === 0) {
    return record(
      { ...identity, ...(await on.get(name)) },
      [
        { key: "name" },
        { key: "env", title: "variables", show: (env) => Object.keys(env as object).join(", ") },
        { key: "volumes" },
        { key: "ports" },
        { key: "memoryBytes", title: "memory", as: "size" },
        { key: "cpus" },
        { key: "pids" },
        { key: "restart" },
        { key: "secrets" },
      ],
      { nameOf },
    );
  }
  const dryRun = options.dryRun === true;
  const result = await on.set({ name, change, dryRun }, host.progress.listener);
  const sentence = dryRun
    ? result.plan.length === 0
      ? `nothing would be done to ${label}`
      : `this would be done to ${label}:${planLines(result.plan)}`
    : result.changed
      ? `${label} has its new settings and is ${result.state}`
      : `${label} has these settings already`;
  return done(sentence, { ...identity, ...result }, { nameOf });
};
