import { isPlugctlError, PlugctlError } from "../../core/errors.ts";

/** What only plugctl's own server has. */
export const needsServer = (target: string, what: string) =>
  new PlugctlError("UNSUPPORTED", `target "${target}" is a wazo-plugind, which has no ${what}`, {
    hint: "plugctl serve has it, and takes the same plugins",
    details: { target },
  });

/** For a refusal that an option of ours lifts, the option. */
const OPTIONS: Readonly<Record<string, string>> = {
  downgrade: "--replace installs the older one",
  dependents: "remove those first, or all together with --dependents",
};

/** What to do next, as the details of an error of plugctl's server tell it: in our words, else in the server's. */
export function wayOut({ reason, hint }: Readonly<Record<string, unknown>> = {}): string | undefined {
  const option = typeof reason === "string" ? OPTIONS[reason] : undefined;
  return option ?? (typeof hint === "string" ? hint : undefined);
}

/** Adds the way out to a refusal of plugctl's server; every other error comes back as it is. */
export function withWayOut(thrown: unknown): unknown {
  if (!isPlugctlError(thrown) || thrown.hint !== undefined) return thrown;
  const { code, message, details, cause } = thrown;
  const told = details?.details;
  return new PlugctlError(code, message, { cause, details, hint: isRecord(told) ? wayOut(told) : undefined });
}

/** Says what the answers of wazo's APIs mean; every other error comes back as it is. */
export function explained(thrown: unknown, target: string): unknown {
  if (!isPlugctlError(thrown)) return thrown;
  const { wazo, ...details } = thrown.details ?? {};
  if (!isRecord(wazo)) return thrown;
  const error = (code: PlugctlError["code"], message: string, hint = thrown.hint) =>
    new PlugctlError(code, message, { cause: thrown, hint, details: { ...details, ...wazo } });
  if (thrown.code === "UNAUTHENTICATED") return refusedToken(wazo, details, target, error);
  if (thrown.code === "INVALID") {
    const faults = faultsOf(wazo, "");
    const [first] = faults;
    const what = first === undefined ? "" : `: ${first.path}: ${first.message}`;
    return new PlugctlError("INVALID", `target "${target}" refuses the request${what}`, {
      cause: thrown,
      details: { ...details, ...(faults.length > 1 ? { errors: faults } : {}) },
    });
  }
  return error(thrown.code, thrown.message);
}

/** wazo answers 401 for whatever is wrong with a token (wazo-plugind spec, sections 1.3 and 1.4). */
function refusedToken(
  wazo: Record<string, unknown>,
  details: Record<string, unknown>,
  target: string,
  error: (code: PlugctlError["code"], message: string, hint?: string) => PlugctlError,
): PlugctlError {
  const isKnown = wazo.invalid_token !== undefined && wazo.invalid_token !== "";
  switch (wazo.reason) {
    case "missing_permission_or_invalid_tenant":
      return error(
        "FORBIDDEN",
        `target "${target}": the token lacks the permission ${String(wazo.required_access)}, or its tenant is not allowed`,
        `an administrator can make a token with that permission; plugctl login -t ${target} takes it`,
      );
    case "not_found_or_expired":
      if (details.status !== 401 || !isKnown) break;
      return error(
        "UNAUTHENTICATED",
        `target "${target}": the token is not known, or has expired`,
        `sign in again with plugctl login -t ${target}, or correct PLUGCTL_TOKEN where it is set`,
      );
    case undefined:
      if (!isKnown) break;
      return error(
        "FORBIDDEN",
        `target "${target}": the token belongs to another tenant than the host's own`,
        "use a token of the master tenant: only those may manage plugins",
      );
  }
  return error("UNAUTHENTICATED", `target "${target}" asks for a credential`, `plugctl login -t ${target}`);
}

/** The faults of a body, each an object, or a list of them, below the name of its field. */
function faultsOf(value: unknown, path: string): { path: string; message: string }[] {
  if (Array.isArray(value)) return value.flatMap((item) => faultsOf(item, path));
  if (!isRecord(value)) return [];
  if (typeof value.message === "string") return [{ path, message: value.message }];
  return Object.entries(value).flatMap(([name, below]) =>
    faultsOf(below, path === "" ? name : `${path}.${name}`),
  );
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
