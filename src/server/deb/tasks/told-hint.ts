import { isPlugctlError, PlugctlError } from "../../../core/errors.ts";

/** Puts what to do next into the details of an error, which is what clients get of it; any other value is left as it is. */
export function withToldHint(thrown: unknown): unknown {
  if (!isPlugctlError(thrown) || thrown.hint === undefined) return thrown;
  const { code, message, hint, details, cause } = thrown;
  return new PlugctlError(code, message, { hint, cause, details: { ...details, hint } });
}
