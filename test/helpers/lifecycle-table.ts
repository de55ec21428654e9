import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./built-plugctl.ts";

/** A state that a plugin can be in when a command finds it, and how it gets there: batches of commands. */
const STATES = {
  created: [],
  running: ["start"],
  paused: ["start", "pause"],
  stopped: ["start", "stop"],
  restarting: [],
  missing: [],
} as const;
type State = keyof typeof STATES;

const ACTIONS = {
  start: [],
  stop: ["--timeout", "5s"],
  kill: [],
  restart: ["--timeout", "5s"],
  pause: [],
  resume: [],
  remove: ["--purge", "--yes"],
  shell: ["--", "true"],
  logs: ["--tail", "1"],
  set: ["GREETING=hello"],
} as const;
type Action = keyof typeof ACTIONS;

const actions = Object.keys(ACTIONS) as Action[];

export interface LifecycleOptions {
  /** Runs plugctl where the only target is the engine that is asked. */
  plugctl: (...args: string[]) => Promise<Outcome>;
  /** Runs until it is told to end. */
  service: string;
  /** Ends at once with a failure; null where the engine has no state in which it waits to restart such a thing. */
  failing: string | null;
}

/**
 * Does everything to a plugin in every state and says what happened: the state afterwards, and the exit code where it is not
 * 0. Each combination has a plugin of its own, so that one list shows all results.
 */
export async function lifecycleTable({ plugctl, service, failing }: LifecycleOptions): Promise<string> {
  const states = (Object.keys(STATES) as State[]).filter(
    (state) => state !== "restarting" || failing !== null,
  );
  const must = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await plugctl(...args);
    if (exitCode !== 0) throw new Error(`plugctl ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  };
  // Of a try before this one.
  const left = (await must("list", "-o", "name")).split("\n").filter((name) => name !== "");
  if (left.length > 0) await must("remove", ...left, "--purge", "--yes");
  const all = (state: State) => actions.map((action) => nameOf(state, action));
  // First of all: an engine waits longer before each new try, and a command needs a moment.
  if (failing !== null) {
    for (const name of all("restarting"))
      await must("install", `image:${failing}`, "--name", name, "--no-start", "--restart", "always");
    await must("start", ...all("restarting"));
  }
  for (const state of states) {
    if (state === "restarting" || state === "missing") continue;
    for (const name of all(state)) await must("install", `image:${service}`, "--name", name, "--no-start");
    for (const verb of STATES[state]) await must(verb, ...all(state));
  }
  const outcomes = new Map<string, Outcome>();
  for (const state of states) {
    for (const action of actions) {
      const name = nameOf(state, action);
      if (state === "restarting") await untilRestarting(must, name);
      outcomes.set(name, await plugctl(action, name, ...formatOf(action), ...ACTIONS[action]));
    }
  }
  const listed = JSON.parse(await must("list", "-o", "json")) as { name: string; state: string }[];
  const rows = actions.map((action) => [
    `\`${action}\``,
    ...states.map((state) => {
      const name = nameOf(state, action);
      const after = listed.find((plugin) => plugin.name === name)?.state ?? "gone";
      return cell(action, outcomes.get(name), state === "missing" && after === "gone" ? "" : after);
    }),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(["", ...states]), line(["---", ...states.map(() => "---")]), ...rows.map(line)].join("\n");
}

const nameOf = (state: State, action: Action) => `${state}-${action}`;

/** What `shell` and `logs` print is the plugin's. */
const formatOf = (action: Action) => (action === "shell" || action === "logs" ? [] : ["-o", "json"]);

/** What Docker waits before the first restart, in ms; it doubles with each up to a minute. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;
/** A command has to be over before the pause is. */
const COMMAND_MS = 4000;

async function untilRestarting(must: (...args: string[]) => Promise<string>, name: string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { state, restarts, finishedAt } = JSON.parse(await must("info", name, "-o", "json"));
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (restarts - 1), LONGEST_PAUSE_MS);
    if (state === "restarting" && Date.parse(finishedAt) + pauseMs - Date.now() > COMMAND_MS) return;
    await sleep(200);
  }
  throw new Error(`${name} did not come to wait for its restart`);
}

function cell(action: Action, outcome: Outcome | undefined, state: string): string {
  const { exitCode, stdout, stderr } = outcome ?? { exitCode: Number.NaN, stdout: "", stderr: "" };
  if (exitCode === 0) return isUnchanged(action, stdout) ? `${state}, nothing to do` : state;
  const instead = /plugctl (\w+) [\w-]+\\?" is possible/.exec(stderr)?.[1];
  return [`exit ${exitCode}`, state, instead === undefined ? "" : `try \`${instead}\``]
    .filter((part) => part !== "")
    .join(", ");
}

function isUnchanged(action: Action, stdout: string): boolean {
  if (formatOf(action).length === 0) return false;
  const result: unknown = JSON.parse(stdout);
  return [result].flat().some((one) => (one as { changed?: boolean }).changed === false);
}
