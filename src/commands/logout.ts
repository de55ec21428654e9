import { toPlugctlError } from "../core/errors.ts";
import { done } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { logout } from "./logout.meta.ts";

export const run: Handler<typeof logout> = async ({ host }) => {
  const { target, on } = await host.capability("session");
  const stored = await host.credentials.stored(target.name);
  if (stored === undefined)
    return done(`not signed in to ${target.name}`, { name: target.name, changed: false });
  try {
    await on.logout(stored.token);
  } catch (error) {
    const { code, message } = toPlugctlError(error);
    if (code === "CANCELLED") throw error;
    host.warn(
      `${target.name} could not revoke the credential (${message}); it is forgotten here all the same`,
    );
  }
  await host.credentials.remove(target.name);
  return done(`signed out of ${target.name}`, { name: target.name, changed: true });
};
