import { isPlugctlError } from "../core/errors.ts";
import type { Host } from "../host.ts";
import { done, type Result } from "../output/result.ts";

export interface ConfirmedRemoval {
  /** `user ada`. */
  what: string;
  /** What goes with it, for the question. */
  consequence: string;
  /** The field and value that name it, in JSON and for `-o name`. */
  identity: Readonly<Record<string, string>>;
  ignoreNotFound: boolean | undefined;
  /** @throws NOT_FOUND when there is no such thing. */
  remove: () => Promise<void>;
}

/** Asks, removes, and says so. */
export async function confirmRemoval(
  host: Host,
  { what, consequence, identity, ignoreNotFound, remove }: ConfirmedRemoval,
): Promise<Result> {
  await host.prompt.confirm(`Remove ${what}? ${consequence}`);
  const nameOf = () => Object.values(identity)[0] ?? "";
  try {
    await remove();
  } catch (error) {
    if (!ignoreNotFound || !isPlugctlError(error) || error.code !== "NOT_FOUND") throw error;
    return done(`there is no ${what}`, { ...identity, changed: false }, { nameOf });
  }
  return done(`removed ${what}`, { ...identity, changed: true }, { nameOf });
}
