import { cancelledError, type PlugctlError, toPlugctlError } from "./core/errors.ts";
import { Host } from "./host.ts";
import { renderError, renderErrorJson } from "./output/error.ts";
import { render } from "./output/render.ts";
import { createStyle } from "./output/style.ts";
import type { Terminal } from "./output/terminal.ts";
import { type ParsedRun, parseCommandLine, wantsJson } from "./program.ts";
import { VERSION } from "./version.ts";

export { Terminal } from "./output/terminal.ts";

/** The world of a run; tests give their own. */
export interface RunInput {
  terminal: Terminal;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  now: () => Date;
}

/** Parses, runs and renders one command; the one place where errors become exit codes. Never throws. */
export async function run(argv: readonly string[], input: RunInput): Promise<number> {
  let parsed: ParsedRun | undefined;
  try {
    parsed = await parseCommandLine(argv, { terminal: input.terminal, version: VERSION });
    return parsed === undefined ? 0 : await execute(parsed, input);
  } catch (thrown) {
    const error = toPlugctlError(thrown);
    // What an interrupted call throws is the interruption; a batch says how far it came.
    const shown = input.signal.aborted && error.code !== "PARTIAL" ? interrupted(error) : error;
    await report(shown, argv, input, parsed);
    return shown.exitCode;
  }
}

/** An interruption that says what goes on elsewhere says so still. */
const interrupted = ({ code, hint, details }: PlugctlError) =>
  cancelledError("interrupted", code === "CANCELLED" ? { hint, details } : {});

async function execute(parsed: ParsedRun, input: RunInput): Promise<number> {
  const host = await Host.create({ ...input, version: VERSION, flags: parsed.flags });
  try {
    const handler = await parsed.command.load();
    const result = await handler({ args: parsed.args, options: parsed.options, host });
    host.progress.stop();
    if (result === undefined) return 0;
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

/** Flags are looked up in the raw words here, since a line that did not parse has no others. */
async function report(
  error: PlugctlError,
  argv: readonly string[],
  input: RunInput,
  parsed: ParsedRun | undefined,
): Promise<void> {
  const verbose = argv.includes("-v") || argv.includes("--verbose") || input.env.PLUGCTL_VERBOSE === "1";
  if (wantsJson(argv, input.env, parsed?.flags)) {
    input.terminal.note(renderErrorJson(error, { verbose }));
    return;
  }
  const style = await createStyle(input.terminal, "stderr", argv.includes("--no-color") ? "never" : "auto");
  input.terminal.note(renderError(error, { style, verbose }));
}
