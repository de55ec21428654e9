import { resolve } from "node:path";
import { targetNameSchema, targetSchema } from "../../config/schema.ts";
import { conflictError, usageError } from "../../core/errors.ts";
import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { targetAdd } from "./add.meta.ts";
import { kindSettings } from "./kind-options.ts";
import { targetRow } from "./row.ts";

export const run: Handler<typeof targetAdd> = async ({ args, options, host }) => {
  if (options.credentialEnv !== undefined && options.credentialCommand !== undefined) {
    throw usageError("--credential-env and --credential-command exclude each other");
  }
  const name = targetNameSchema.safeParse(args.name);
  if (!name.success) throw usageError(`target name "${args.name}" ${name.error.issues[0]?.message}`);
  const definition = targetSchema.safeParse({
    kind: options.kind,
    ...kindSettings(options, host.cwd),
    ...(options.ca === undefined ? {} : { ca: resolve(host.cwd, options.ca) }),
    ...(options.credentialEnv === undefined ? {} : { credential: { env: options.credentialEnv } }),
    ...(options.credentialCommand === undefined
      ? {}
      : { credential: { command: options.credentialCommand } }),
  });
  if (!definition.success) {
    const [issue] = definition.error.issues;
    throw usageError(`--${String(issue?.path.at(-1))}: ${issue?.message}`);
  }
  const existing = host.config.targets().find((target) => target.name === name.data);
  if (existing !== undefined && !options.overwrite) {
    throw conflictError(`target "${name.data}" exists already (${existing.url})`, {
      hint: "--overwrite replaces it",
    });
  }
  const first = host.config.targets().length === 0;
  await host.config.editUser([
    { path: ["targets", name.data], value: definition.data },
    ...(options.use || first ? [{ path: ["target"], value: name.data }] : []),
  ]);
  const row = targetRow({ ...definition.data, name: name.data, origin: "user" }, options.use || first);
  return done(`added target ${name.data}${row.default ? " as the default" : ""}`, row);
};
