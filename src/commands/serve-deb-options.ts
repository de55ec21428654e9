import { readSecretFile } from "../config/credentials.ts";
import { usageError } from "../core/errors.ts";
import type { ServerOptions } from "../server/index.ts";
import type { Options } from "./command.ts";
import type { serve } from "./serve.meta.ts";
import type { ResolvePath } from "./serve-options.ts";

type DebOptions = NonNullable<NonNullable<ServerOptions["modules"]>["deb"]>;

interface Surroundings {
  path: ResolvePath;
  env: NodeJS.ProcessEnv;
}

/**
 * What the flags and the environment say about Debian packages. Passwords come from a file or the environment only,
 * since everybody on a machine can read the arguments of a process.
 * @throws USAGE for what cannot be meant; CONFIG for a password file that cannot be used.
 */
export function debOptions(options: Options<typeof serve>, { path, env }: Surroundings): DebOptions {
  if (options.amqpPasswordFile !== undefined && options.amqp === undefined) {
    throw usageError("--amqp-password-file is of use with --amqp only");
  }
  return {
    root: path(options.debRoot),
    // The parser lets these three words through only.
    isolation: options.debBuild as DebOptions["isolation"],
    market: options.debMarket?.map((location) => marketLocation(location, path)),
    wazoVersion: options.wazoVersion === undefined ? undefined : wazoVersion(options.wazoVersion),
    amqp: options.amqp === undefined ? undefined : amqpUrl(options, options.amqp, { path, env }),
    authUrl: options.wazoAuth === undefined ? undefined : authUrl(options.wazoAuth),
  };
}

function marketLocation(location: string, path: ResolvePath): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return path(location) ?? location;
  return httpUrl(
    "--deb-market",
    location,
    "write https://market.example.com/v1/plugins, or the path of a file",
  ).href;
}

function authUrl(text: string): string {
  const url = httpUrl("--wazo-auth", text, "write https://pbx.example.com/api/auth");
  if (url.search !== "") throw usageError(`--wazo-auth: "${text}" is not a base URL`);
  return url.href.replace(/\/+$/, "");
}

/** Without credentials in it: they would stand in the arguments. */
function httpUrl(flag: string, text: string, hint: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.hash !== "") {
    throw usageError(`${flag}: "${text}" is not an HTTP address`, { hint });
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError(`${flag} takes no user or password: everybody on this machine could read it`);
  }
  return url;
}

function wazoVersion(text: string): string {
  if (/^\d+(?:\.\d+)*$/.test(text)) return text;
  throw usageError(`--wazo-version: "${text}" is not a version`, { hint: "write 26.02" });
}

function amqpUrl(options: Options<typeof serve>, text: string, { path, env }: Surroundings): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.password) {
    throw usageError("--amqp takes no password: everybody on this machine could read it", {
      hint: "give it with --amqp-password-file FILE or in PLUGCTL_AMQP_PASSWORD",
    });
  }
  if (url === undefined || !/^amqps?:$/.test(url.protocol) || url.hostname === "") {
    throw usageError("--amqp: this is not the address of a broker", {
      hint: "write amqp://user@host:5672/vhost",
    });
  }
  const file = path(options.amqpPasswordFile);
  const password = file === undefined ? env.PLUGCTL_AMQP_PASSWORD : readSecretFile(file);
  if (!password) return url.href;
  if (url.username === "") {
    throw usageError("--amqp names no user whose password this is", {
      hint: "write amqp://user@host:5672/vhost",
    });
  }
  url.password = encodeURIComponent(password);
  return url.href;
}
