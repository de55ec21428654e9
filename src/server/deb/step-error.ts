import { isPlugctlError, PlugctlError } from "../../core/errors.ts";

/** Says with an error of ours in which step it was met, unless it does so itself; any other value is left as it is. */
export function atStep(thrown: unknown, step: string): unknown {
  if (!isPlugctlError(thrown)) return thrown;
  const { code, message, hint, details, cause } = thrown;
  return new PlugctlError(code, message, { hint, cause, details: { step, ...details } });
}
