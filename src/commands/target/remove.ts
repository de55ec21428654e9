import { conflictError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { targetRemove } from "./remove.meta.ts";

export const run: Handler<typeof targetRemove> = async ({ args, options, host }) => {
  if (options.ignoreNotFound && !host.config.targets().some(({ name }) => name === args.name)) {
    return done(`there is no target ${args.name}`, { name: args.name, changed: false });
  }
  const target = host.config.target(args.name);
  if (target.origin === "project") {
    throw conflictError(`target "${target.name}" is defined by the project's configuration`, {
      hint: `remove it from ${host.config.files.find(({ origin }) => origin === "project")?.path}`,
    });
  }
  await host.prompt.confirm(`Remove target ${target.name} and its credential?`);
  const isDefault = host.config.files.some(
    ({ origin, data }) => origin === "user" && data.target === target.name,
  );
  await host.config.editUser([
    { path: ["targets", target.name], value: undefined },
    ...(isDefault ? [{ path: ["target"], value: undefined }] : []),
  ]);
  await host.credentials.remove(target.name);
  return done(`removed target ${target.name}`, { name: target.name, changed: true });
};
