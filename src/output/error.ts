import type { PlugctlError } from "../core/errors.ts";
import { sanitize, sanitizeLine } from "./sanitize.ts";
import type { Style } from "./style.ts";

/** Lines of a log's end that are shown with an error. */
const LOG_LINES = 20;

/** An error for people: what was wrong, what to do, and with `verbose` what caused it. */
export function renderError(error: PlugctlError, options: { style: Style; verbose: boolean }): string {
  const { paint, symbol } = options.style;
  const lines = [`${symbol.fail} ${sanitize(error.message)}`];
  for (const item of listed(error.details?.errors)) {
    // The message of a single fault is the fault.
    if (!error.message.includes(item)) lines.push(`  ${sanitize(item)}`);
  }
  lines.push(...logEnd(error).map((line) => `  ${paint.dim("|")} ${line}`));
  if (error.hint !== undefined) lines.push(`  ${paint.dim("hint")}  ${sanitize(error.hint)}`);
  if (options.verbose)
    lines.push(...causes(error).map((cause) => `  ${paint.dim("cause")} ${sanitize(cause)}`));
  if (error.code === "INTERNAL" && !options.verbose) {
    lines.push(
      `  ${paint.dim("hint")}  this is a fault of plugctl's; run the command again with --verbose to see where`,
    );
  }
  lines.push(`  ${paint.dim(`ERR_PLUGCTL_${error.code}`)}`);
  return `${lines.join("\n")}\n`;
}

/** The last lines of what a failed step printed (`details.log`), harmless to a terminal. */
export function logEnd({ details }: PlugctlError): string[] {
  if (typeof details?.log !== "string") return [];
  return details.log.trimEnd().split("\n").slice(-LOG_LINES).map(sanitizeLine);
}

/** An error for scripts: one JSON object. */
export function renderErrorJson(error: PlugctlError, options: { verbose: boolean }): string {
  return `${JSON.stringify({
    error: {
      code: `ERR_PLUGCTL_${error.code}`,
      message: error.message,
      hint: error.hint ?? null,
      details: error.details ?? {},
      ...(options.verbose ? { causes: causes(error) } : {}),
    },
  })}\n`;
}

function causes(error: PlugctlError): string[] {
  const chain: string[] = [];
  for (let cause = error.cause; cause !== undefined && chain.length < 8; ) {
    if (!(cause instanceof Error)) return [...chain, String(cause)];
    chain.push(
      error.code === "INTERNAL" && cause.stack !== undefined
        ? cause.stack
        : `${cause.name}: ${cause.message}`,
    );
    cause = cause.cause;
  }
  return chain;
}

/** The several faults of one input, as the edge that checked it listed them: `{path, message}`. */
function listed(errors: unknown): string[] {
  if (!Array.isArray(errors)) return [];
  return errors
    .slice(0, 20)
    .map((item: { path?: unknown; message?: unknown }) =>
      item.path ? `${String(item.path)}: ${String(item.message)}` : String(item.message),
    );
}
