import type { Administration } from "../../core/administration.ts";
import { isPlugctlError, PlugctlError } from "../../core/errors.ts";
import type { Host } from "../../host.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import { newPassword } from "../secret-input.ts";
import { withPassword } from "./generated-password.ts";
import type { userPasswd } from "./passwd.meta.ts";
import { userName } from "./row.ts";

export const run: Handler<typeof userPasswd> = async ({ args, options, host }) => {
  const { on } = await host.capability("administration");
  const { password, generated } = await newPassword(host, args.login, options);
  await setPassword(host, on, args.login, password);
  const user = await on.users.get(args.login);
  if (generated) return withPassword(host, user, password);
  return done(`user ${user.login} has a new password`, user, { nameOf: userName });
};

/** As a manager of users; who is none changes their own, and shows with the present one that it is theirs. */
async function setPassword(host: Host, on: Administration, login: string, wanted: string): Promise<void> {
  try {
    await on.users.update(login, { password: wanted });
  } catch (error) {
    if (!isPlugctlError(error) || error.code !== "FORBIDDEN") throw error;
    if (!host.prompt.canAsk) {
      throw new PlugctlError("FORBIDDEN", error.message, {
        hint: "on a terminal, the present password is asked for and is enough to change one's own",
        details: error.details,
      });
    }
    const present = await host.prompt.secret(`Present password of ${login}:`, "a terminal");
    await on.users.changeOwnPassword(login, { present, wanted });
  }
}
