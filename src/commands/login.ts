import { hostname } from "node:os";
import { usageError } from "../core/errors.ts";
import { done } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { login } from "./login.meta.ts";
import { readSecretLine } from "./secret-input.ts";

export const run: Handler<typeof login> = async ({ options, host }) => {
  if (options.passwordStdin && options.tokenStdin) {
    throw usageError("--password-stdin and --token-stdin exclude each other: stdin holds one secret");
  }
  if (options.tokenStdin && options.user !== undefined)
    throw usageError("--user has no meaning with --token-stdin");
  const { target, on } = await host.capability("session");
  if (options.tokenStdin) {
    const token = await readSecretLine(host);
    const { login } = await on.whoami(token);
    await host.credentials.save(target.name, target.url, {
      token,
      login,
      createdAt: host.now().toISOString(),
    });
    return done(`signed in to ${target.name} as ${login}`, { name: target.name, login });
  }
  const user = options.user ?? (await host.prompt.text(`User at ${target.name}:`, "--user"));
  const password = options.passwordStdin
    ? await readSecretLine(host)
    : await host.prompt.secret(`Password of ${user}:`, "--password-stdin");
  const issued = await on.login({ login: user, password, note: `plugctl on ${hostname()}` });
  await host.credentials.save(target.name, target.url, {
    token: issued.token,
    login: issued.login,
    createdAt: host.now().toISOString(),
  });
  return done(`signed in to ${target.name} as ${issued.login}`, { name: target.name, login: issued.login });
};
