import type { RoleGrant } from "../../core/administration.ts";
import { usageError } from "../../core/errors.ts";

/** Parses `role` or `role@provider`. @throws USAGE. */
export function parseGrant(text: string): RoleGrant {
  const [role = "", provider, ...rest] = text.split("@");
  if (role === "" || provider === "" || rest.length > 0) {
    throw usageError(`"${text}" is not a role`, { hint: "write ROLE, or ROLE@PROVIDER" });
  }
  return provider === undefined ? { role } : { role, provider };
}
