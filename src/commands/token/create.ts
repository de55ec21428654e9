import { resolve } from "node:path";
import { SecretFile } from "../../actions/secret-file.ts";
import type { IssuedToken } from "../../core/administration.ts";
import { done, record } from "../../output/result.ts";
import type { Handler, Options } from "../command.ts";
import type { tokenCreate } from "./create.meta.ts";
import { tokenName } from "./row.ts";

export const run: Handler<typeof tokenCreate> = async ({ options, host }) => {
  const { on } = await host.capability("administration");
  const create = () => on.tokens.create(toRequest(options));
  if (options.outputFile === undefined) {
    const issued = await create();
    if (host.settings.output === "table") host.say("The token is not shown again: keep it in a safe place.");
    return shown(issued);
  }
  const path = resolve(host.cwd, options.outputFile);
  await using file = await SecretFile.reserve(path);
  const { token, ...issued } = await create();
  try {
    await file.keep(token);
  } catch (error) {
    // What nobody can read any more shall not stay good.
    await on.tokens.revoke(issued.id);
    throw error;
  }
  return done(
    `wrote token ${issued.id} to ${options.outputFile}`,
    { ...issued, file: path },
    { nameOf: tokenName },
  );
};

function toRequest({
  scopes,
  providers = [],
  plugins = [],
  expiresInDays,
  note,
  user,
}: Options<typeof tokenCreate>) {
  const resources = [
    ...providers.map((provider) => `provider:${provider}`),
    ...plugins.map((glob) => `plugin:${glob}`),
  ];
  return {
    scopes: scopes ?? ["read"],
    resources: resources.length > 0 ? resources : undefined,
    expiresInDays,
    note,
    user,
  };
}

/** `-q` and `-o name` print the token alone, for a script's variable. */
function shown(issued: IssuedToken) {
  return record(
    issued,
    [
      { key: "token" },
      { key: "id" },
      { key: "user" },
      { key: "note" },
      { key: "scopes" },
      { key: "resources" },
      { key: "expiresAt", title: "expires", as: "time" },
    ],
    { nameOf: () => issued.token },
  );
}
