import { readFile } from "node:fs/promises";
import { configError } from "../../core/errors.ts";
import { type EngineAddress, type EngineTls, parseAddress } from "../../engine/address.ts";
import { EngineClient } from "../../engine/client.ts";
import { resolveContext } from "../../engine/docker-config.ts";
import type { Workshop } from "../../engine/install.ts";
import { dockerLogins } from "../../engine/registry-auth.ts";
import { namedVolumes } from "../../engine/volumes.ts";
import type { Connection } from "../adapter.ts";

const CONTEXT = "docker-context:";
export const DEFAULT_USER = "plugctl";

/** The engine of a target; nothing is connected before the first call. */
export function openWorkshop(connection: Connection): Workshop {
  const user = connection.container?.user ?? DEFAULT_USER;
  const { target, timeoutMs, signal, userAgent, trace } = connection;
  return {
    client: new EngineClient({
      ...{ target, timeoutMs, signal, userAgent, trace },
      address: () => engineAddress(connection),
    }),
    user,
    placement: namedVolumes(user),
    login: dockerLogins(connection.env),
  };
}

async function engineAddress(connection: Connection): Promise<EngineAddress> {
  const { url, env } = connection;
  if (url.startsWith(CONTEXT)) return resolveContext(env, url.slice(CONTEXT.length));
  return parseAddress(url, await certificates(connection));
}

async function certificates({ target, caFile, container }: Connection): Promise<EngineTls | undefined> {
  const files = { ca: caFile, cert: container?.cert, key: container?.key };
  if (Object.values(files).every((file) => file === undefined)) return undefined;
  const read = async (file: string | undefined) =>
    file === undefined
      ? undefined
      : await readFile(file, "utf8").catch((cause) => {
          throw configError(`target "${target}": cannot read ${file}`, { cause });
        });
  const [ca, cert, key] = await Promise.all([read(files.ca), read(files.cert), read(files.key)]);
  return { ca, cert, key };
}
