import type { User } from "../../core/administration.ts";
import type { Host } from "../../host.ts";
import { type RecordResult, record } from "../../output/result.ts";

/** A user with the password that was made, this one time; `-q` and `-o name` print just the password. */
export function withPassword(host: Host, user: User, password: string): RecordResult {
  if (host.settings.output === "table") host.say("The password is not shown again.");
  return record({ ...user, password }, [{ key: "login" }, { key: "password" }], { nameOf: () => password });
}
