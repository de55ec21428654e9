import type { ProgressEvent, ProgressListener } from "../core/progress.ts";
import { formatSize } from "./format.ts";
import { sanitizeLine } from "./sanitize.ts";
import type { Style } from "./style.ts";
import type { Terminal } from "./terminal.ts";

/** How long something must take before a spinner appears, in ms. */
const SPINNER_DELAY_MS = 300;

export interface Progress {
  readonly listener: ProgressListener;
  /** For one of several things that are worked on side by side. */
  of(subject: string): ProgressListener;
  /** Takes the spinner away; safe to call twice. */
  stop(): void;
}

/** Progress on stderr: a spinner on a terminal, a line a phase elsewhere, JSON lines beside JSON output, nothing when quiet. */
export function createProgress(options: {
  terminal: Terminal;
  style: Style;
  quiet: boolean;
  json: boolean;
  now: () => Date;
}): Progress {
  if (options.quiet) return { listener: () => {}, of: () => () => {}, stop: () => {} };
  if (options.json) return jsonProgress(options.terminal, options.now);
  return options.terminal.canAnimate ? spinnerProgress(options.terminal) : lineProgress(options.terminal);
}

function jsonProgress(terminal: Terminal, now: () => Date): Progress {
  const listener = (event: ProgressEvent & { subject?: string }) =>
    terminal.note(`${JSON.stringify({ ts: now().toISOString(), ...event })}\n`);
  return { listener, of: (subject) => (event) => listener({ subject, ...event }), stop: () => {} };
}

function lineProgress(terminal: Terminal): Progress {
  const lines = (prefix: string): ProgressListener => {
    let phase: string | undefined;
    return (event) => {
      if (event.phase === phase) return;
      phase = event.phase;
      terminal.note(`${sanitizeLine(prefix + event.message)}\n`);
    };
  };
  return { listener: lines(""), of: (subject) => lines(`${subject}: `), stop: () => {} };
}

function spinnerProgress(terminal: Terminal): Progress {
  let text = "";
  let stopped = false;
  let spinner: { text: string; stop(): unknown } | undefined;
  const timer = setTimeout(async () => {
    const { default: ora } = await import("ora");
    if (stopped) return;
    spinner = ora({ text, stream: terminal.stderr as NodeJS.WriteStream, discardStdin: false }).start();
  }, SPINNER_DELAY_MS);
  const show = (event: ProgressEvent, prefix = "") => {
    text = sanitizeLine(prefix + event.message) + amount(event);
    if (spinner !== undefined) spinner.text = text;
  };
  return {
    listener: (event) => show(event),
    of: (subject) => (event) => show(event, `${subject}: `),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}

function amount({ done, total, unit }: ProgressEvent): string {
  if (done === undefined) return "";
  const show = (value: number) => (unit === "bytes" ? formatSize(value) : String(value));
  return total === undefined ? ` ${show(done)}` : ` ${show(done)} of ${show(total)}`;
}
