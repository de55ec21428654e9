import { conflictError } from "../core/errors.ts";
import type { LifecycleAction } from "../core/lifecycle.ts";
import type { PluginState } from "../core/plugin.ts";

const ENGINE_STATES = ["created", "running", "paused", "restarting", "exited", "removing", "dead"] as const;
export type EngineState = (typeof ENGINE_STATES)[number];

/** Podman has words of its own for the moments between Docker's states. */
const SYNONYMS: Readonly<Record<string, EngineState>> = {
  configured: "created",
  initialized: "created",
  stopping: "running",
  stopped: "exited",
};

/** The engine's word as one of Docker's; one that nobody knows counts as dead: nothing but removal is safe. */
export function toEngineState(word: string): EngineState {
  return ENGINE_STATES.find((state) => state === word) ?? SYNONYMS[word] ?? "dead";
}

/** Ends that somebody asked for: 128 + SIGINT, SIGKILL, SIGTERM. */
const WANTED_ENDS: ReadonlySet<number> = new Set([0, 130, 137, 143]);

/** @param exitCode of the last run; null when it is not known. */
export function toPluginState(state: EngineState, exitCode: number | null): PluginState {
  switch (state) {
    case "created":
      return "installed";
    case "exited":
      return exitCode === null || WANTED_ENDS.has(exitCode) ? "stopped" : "failed";
    case "dead":
      return "failed";
    default:
      return state;
  }
}

/**
 * What an action means in a state: `do` it, it is `done` already, or the action that would be allowed instead. The
 * engine itself answers 204, 304, 409 or, for `unpause`, 500 (discovery of the state, not of the code, decides here).
 */
type Verdict = "do" | "done" | { instead: LifecycleAction | "remove" | "wait" };

const START_FIRST = { instead: "start" } as const;
const RESUME_FIRST = { instead: "resume" } as const;
const WAIT = { instead: "wait" } as const;
const REMOVE = { instead: "remove" } as const;

const VERDICTS: Readonly<Record<EngineState, Readonly<Record<LifecycleAction, Verdict>>>> = {
  created: {
    start: "do",
    stop: "done",
    kill: START_FIRST,
    restart: "do",
    pause: START_FIRST,
    resume: START_FIRST,
  },
  running: { start: "done", stop: "do", kill: "do", restart: "do", pause: "do", resume: "done" },
  paused: { start: RESUME_FIRST, stop: "do", kill: "do", restart: "do", pause: "done", resume: "do" },
  restarting: { start: "done", stop: "do", kill: "do", restart: "do", pause: WAIT, resume: WAIT },
  exited: {
    start: "do",
    stop: "done",
    kill: "done",
    restart: "do",
    pause: START_FIRST,
    resume: START_FIRST,
  },
  removing: { start: WAIT, stop: WAIT, kill: WAIT, restart: WAIT, pause: WAIT, resume: WAIT },
  dead: { start: REMOVE, stop: "done", kill: "done", restart: REMOVE, pause: REMOVE, resume: REMOVE },
};

export const verdictOn = (state: EngineState, action: LifecycleAction): Verdict => VERDICTS[state][action];

const PAST: Readonly<Record<LifecycleAction, string>> = {
  start: "started",
  stop: "stopped",
  kill: "killed",
  restart: "restarted",
  pause: "paused",
  resume: "resumed",
};

/** The state forbids the action; says what would be allowed. */
export function forbiddenError(name: string, action: LifecycleAction, state: EngineState) {
  const verdict = verdictOn(state, action);
  const instead = typeof verdict === "string" ? undefined : verdict.instead;
  const words = state === "exited" ? "stopped" : state;
  return conflictError(`${name} is ${words} and cannot be ${PAST[action]}`, {
    hint:
      instead === undefined
        ? undefined
        : instead === "wait"
          ? "wait until that is over"
          : `"plugctl ${instead} ${name}" is possible`,
    details: { name, state, action, ...(instead === undefined ? {} : { allowed: instead }) },
  });
}
