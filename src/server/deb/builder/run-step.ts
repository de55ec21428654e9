import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { cancelledError, invalidError, PlugctlError } from "../../../core/errors.ts";
import { type BuildLimits, shownBytes } from "./limits.ts";
import { endProcess } from "./processes.ts";
import { excessOfStep, excessOnDisk } from "./usage.ts";
import { watchUsage } from "./watch-usage.ts";

/** Of the output of a step that goes wrong, as much is told with the error, in characters. */
const LOG_END = 4000;

export interface StepCommand {
  /** The status that wazo-plugind has for it. */
  step: "building" | "packaging";
  /** As in messages: `wazo/rules build`. */
  title: string;
  command: readonly [string, ...string[]];
  environment: Readonly<Record<string, string>>;
  /** Where it runs, and what of it is measured. */
  folder: string;
  limits: BuildLimits;
  log: (text: string) => void;
  signal: AbortSignal;
  /** Ends what the command has left running. @param init what bubblewrap says of its first process, if it does. */
  sweep: (init: string) => Promise<void>;
}

/**
 * Runs a step of a plugin's and waits until nothing of it runs any more.
 * @throws INVALID with `details: { step, exitCode, log }` when it fails (`exitCode` is null when a signal ended it) or uses
 * more than it may; TIMEOUT, CANCELLED.
 */
export async function runStep(options: StepCommand): Promise<void> {
  const { step, title, limits, signal } = options;
  if (signal.aborted) throw cancelledError();
  const [program, ...words] = options.command;
  const child = spawn(program, words, {
    cwd: options.folder,
    env: options.environment,
    // The last one is bubblewrap's, for what it has to say of the sandbox.
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    // A group of its own, so that all of it can be ended at once.
    detached: true,
  });
  const output = new StepOutput(options.log);
  let failure: PlugctlError | undefined;
  const details = (exitCode: number | null) => ({ step, exitCode, log: output.end });
  const endGroup = () => child.pid !== undefined && endProcess(-child.pid);
  const stop = (error: PlugctlError) => {
    failure ??= error;
    endGroup();
  };
  const exceeded = (what: string) => stop(invalidError(`${title} ${what}`, { details: details(null) }));
  const timer = setTimeout(() => {
    const message = `${title} takes longer than ${limits.seconds} seconds`;
    stop(new PlugctlError("TIMEOUT", message, { details: details(null) }));
  }, limits.seconds * 1000);
  const cancel = () => stop(cancelledError());
  signal.addEventListener("abort", cancel, { once: true });
  const [, stdout, stderr, status] = child.stdio as Readable[];
  let init = "";
  status?.on("data", (chunk: Buffer) => {
    init = (init + chunk.toString()).slice(0, 1000);
  });
  for (const stream of [stdout, stderr]) {
    const decoder = new StringDecoder("utf8");
    stream?.on("data", (chunk: Buffer) => {
      if (failure !== undefined) return;
      if (output.add(decoder.write(chunk)) > limits.outputBytes) {
        exceeded(`prints more than ${shownBytes(limits.outputBytes)}`);
      }
    });
  }
  const unwatch = watchUsage(
    () => excessOfStep({ folder: options.folder, pid: child.pid ?? 0, limits }),
    exceeded,
  );
  try {
    // What goes on in the background may hold the output open: it is ended with what it came from.
    child.once("exit", () => {
      endGroup();
      void options.sweep(init);
    });
    const [exitCode, killedBy] = (await once(child, "close")) as [number | null, string | null];
    await options.sweep(init);
    if (failure !== undefined) throw failure;
    if (exitCode === 0) {
      // What came quicker than anybody looked.
      const what = await excessOnDisk(options.folder, limits);
      if (what === undefined) return;
      throw invalidError(`${title} ${what}`, { details: details(exitCode) });
    }
    const how = exitCode === null ? `was ended by ${killedBy}` : `failed with exit code ${exitCode}`;
    throw invalidError(`${title} ${how}`, { details: details(exitCode) });
  } finally {
    unwatch();
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}

/** Passes text on and remembers its end. */
class StepOutput {
  readonly #log: (text: string) => void;
  #size = 0;
  #end = "";

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  get end(): string {
    return this.#end;
  }

  /** @returns how many characters there were so far. */
  add(text: string): number {
    this.#size += text.length;
    this.#end = (this.#end + text).slice(-LOG_END);
    this.#log(text);
    return this.#size;
  }
}
