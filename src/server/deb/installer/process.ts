import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { StringDecoder } from "node:string_decoder";
import { setTimeout as sleep } from "node:timers/promises";
import { cancelledError, invalidError, PlugctlError } from "../../../core/errors.ts";
import { shownBytes } from "../builder/limits.ts";

/** How much of the end of an output is kept for messages, in characters. */
const KEPT_OUTPUT = 65_536;

/** How long output is waited for after the end. */
const LAST_WORDS_MS = 500;

export interface ProcessResult {
  /** null when a signal ended it. */
  exitCode: number | null;
  /** The end of what it wrote to stdout and stderr, in the order of arrival. */
  output: string;
}

/**
 * Follows a process to its end.
 * @param kill ends everything that it has started; called when the time is over, the signal fires, or it uses too much.
 * @throws TIMEOUT, CANCELLED, INVALID for too much, once it has ended; the error of a program that cannot be started.
 */
export async function follow(
  child: ChildProcess,
  options: {
    name: string;
    seconds: number;
    log: (text: string) => void;
    signal: AbortSignal;
    kill: () => void;
    /** Watches what it uses until the returned function is called; says what is too much, as in "the command …". */
    watch?: (exceeded: (what: string) => void) => () => void;
    /** Of its output, in bytes. Default: it may print without end. */
    outputBytes?: number;
  },
): Promise<ProcessResult> {
  const { name, seconds, signal, kill, outputBytes = Number.POSITIVE_INFINITY } = options;
  let output = "";
  let printed = 0;
  let excess: string | undefined;
  const exceeded = (what: string) => {
    excess ??= what;
    kill();
  };
  const receive = (decoder: StringDecoder) => (chunk: Buffer) => {
    if (excess !== undefined) return;
    printed += chunk.length;
    if (printed > outputBytes) return exceeded(`prints more than ${shownBytes(outputBytes)}`);
    const text = decoder.write(chunk);
    output = (output + text).slice(-KEPT_OUTPUT);
    options.log(text);
  };
  child.stdout?.on("data", receive(new StringDecoder()));
  child.stderr?.on("data", receive(new StringDecoder()));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, seconds * 1000);
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  const unwatch = options.watch?.(exceeded);
  try {
    const closed = once(child, "close");
    const [exitCode] = (await once(child, "exit")) as [number | null];
    // What it has left running may keep the output open for ever.
    await Promise.race([closed, sleep(LAST_WORDS_MS)]);
    child.stdout?.destroy();
    child.stderr?.destroy();
    if (signal.aborted) throw cancelledError();
    if (late) {
      throw new PlugctlError("TIMEOUT", `${name} took longer than ${seconds} seconds and was ended`, {
        details: { log: lastLines(output) },
      });
    }
    if (excess !== undefined) {
      throw invalidError(`${name}, or a script that it runs, ${excess} and was ended`, {
        details: { log: lastLines(output) },
      });
    }
    return { exitCode, output };
  } finally {
    unwatch?.();
    clearTimeout(timer);
    signal.removeEventListener("abort", kill);
  }
}

/** The end of an output, as much as a person reads. */
export const lastLines = (output: string, count = 30): string =>
  output.trimEnd().split("\n").slice(-count).join("\n");
