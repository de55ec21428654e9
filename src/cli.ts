import { createRequire } from "node:module";
import { cancelledError, type PlugctlError, toPlugctlError } from "./core/errors.ts";
import { Terminal } from "./output/terminal.ts";
import { buildProgram, type ParsedRun, wantsJson } from "./program.ts";

/** The world of a run; tests give their own. */
export interface CliInput {
  terminal: Terminal;
  env: NodeJS.ProcessEnv;
  cwd: string;
  signal: AbortSignal;
  now: () => Date;
}

/** Version of this package. */
export const VERSION: string = createRequire(import.meta.url)("../package.json").version;

/** Runs the process: signals, streams, and the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const abort = new AbortController();
  let interrupted: "SIGINT" | "SIGTERM" | undefined;
  const onSignal = (signal: "SIGINT" | "SIGTERM") => {
    // The second signal ends at once.
    if (interrupted !== undefined) process.exit(signal === "SIGINT" ? 130 : 143);
    interrupted = signal;
    abort.abort(cancelledError("interrupted"));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A reader that has seen enough (`plugctl list | head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const code = await run(argv, {
    terminal: new Terminal(process.stdin, process.stdout, process.stderr, process.env),
    env: process.env,
    cwd: process.cwd(),
    signal: abort.signal,
    now: () => new Date(),
  });
  return interrupted === "SIGTERM" && code === 130 ? 143 : code;
}

/** Parses, runs and renders one command; the one place where errors become exit codes. Never throws. */
export async function run(argv: readonly string[], input: CliInput): Promise<number> {
  let parsed: ParsedRun | undefined;
  try {
    parsed = await buildProgram(argv, { terminal: input.terminal, version: VERSION });
    if (parsed === undefined) return 0;
    return await execute(parsed, input);
  } catch (thrown) {
    const error =
      input.signal.aborted && !isOutcome(thrown) ? cancelledError("interrupted") : toPlugctlError(thrown);
    await report(error, argv, input, parsed);
    return error.exitCode;
  }
}

async function execute(parsed: ParsedRun, input: CliInput): Promise<number> {
  const { Host } = await import("./host.ts");
  const host = await Host.create({ ...input, version: VERSION, flags: parsed.flags });
  try {
    const handler = await parsed.command.load();
    const result = await handler({ args: parsed.args, options: parsed.options, host });
    host.progress.stop();
    if (result === undefined) return 0;
    const { render } = await import("./output/render.ts");
    await render(result, {
      format: host.settings.output,
      fields: host.settings.fields,
      quiet: host.settings.quiet,
      terminal: host.terminal,
      style: host.outStyle,
      now: host.now(),
    });
    return result.exitCode ?? 0;
  } finally {
    await host.close();
  }
}

/** An error that says more than "interrupted" even when a signal came. */
function isOutcome(thrown: unknown): boolean {
  return toPlugctlError(thrown).code === "PARTIAL";
}

async function report(
  error: PlugctlError,
  argv: readonly string[],
  input: CliInput,
  parsed: ParsedRun | undefined,
) {
  const verbose = argv.includes("-v") || argv.includes("--verbose") || input.env.PLUGCTL_VERBOSE === "1";
  const { renderError, renderErrorJson } = await import("./output/error.ts");
  if (wantsJson(argv, input.env, parsed?.flags)) {
    input.terminal.note(renderErrorJson(error, { verbose }));
    return;
  }
  const { createStyle } = await import("./output/style.ts");
  const style = createStyle(input.terminal, "stderr", argv.includes("--no-color") ? "never" : "auto");
  input.terminal.note(renderError(error, { style, verbose }));
}
