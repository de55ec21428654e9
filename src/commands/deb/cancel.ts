import { usageError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import { addressed } from "../addressed.ts";
import type { Handler } from "../command.ts";
import type { debCancel } from "./cancel.meta.ts";

export const run: Handler<typeof debCancel> = async ({ args, host }) => {
  const { target, on, name, version } = await addressed(host, "cancellation", args.operation);
  if (version !== undefined) throw usageError("an operation is named without a version");
  const operation = await on.cancel(name, host.progress.listener);
  return done(
    `${operation} is cancelled: everything is as it was before it`,
    { target: target.name, operation, state: "cancelled" },
    { nameOf: () => `${target.name}:${operation}` },
  );
};
