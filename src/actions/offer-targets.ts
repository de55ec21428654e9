import { existsSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Config, Target } from "../config/config.ts";
import type { CredentialStore } from "../config/credentials.ts";
import type { KafkaTarget } from "../core/kafka/target.ts";
import type { Kind } from "../core/plugin.ts";

/** What a server that has just started says of itself. */
export interface OfferingServer {
  dataDir: string;
  targets: readonly {
    name: string;
    kind: Kind;
    url: string;
    caFile?: string | undefined;
    /** Where its brokers are, for a target of kind `kafka`. */
    kafka?: KafkaTarget | undefined;
  }[];
  /** Only at the first start on a data directory. */
  firstStart?: { login: string; token: string } | undefined;
}

/**
 * Writes the server's ready-made targets into the user's configuration, with the admin's token at the first start.
 * A target that belongs to this data directory follows the server's address; one of another server that still
 * exists, or of the user's own making, is left alone.
 */
export async function offerTargets(options: {
  server: OfferingServer;
  config: Config;
  credentials: CredentialStore;
  warn: (message: string) => void;
}): Promise<void> {
  const { server, config, credentials } = options;
  const known = new Map(config.targets().map((target) => [target.name, target]));
  for (const offered of server.targets) {
    const existing = known.get(offered.name);
    if (existing !== undefined && !isOurs(existing, server.dataDir)) {
      options.warn(
        `target ${offered.name} belongs to ${existing.dataDir ?? existing.url} and is kept; reach this server with ` +
          `"plugctl target add NAME --kind ${offered.kind} --url ${offered.url}" and "plugctl login -t NAME"`,
      );
      continue;
    }
    const { name, kind, url, caFile, kafka } = offered;
    const value = {
      kind,
      url,
      ...(kafka === undefined ? {} : { kafka }),
      ...(caFile === undefined ? {} : { ca: caFile }),
      dataDir: server.dataDir,
    };
    if (
      existing === undefined ||
      existing.url !== url ||
      existing.ca !== caFile ||
      existing.dataDir !== server.dataDir ||
      !isDeepStrictEqual(existing.kafka, kafka)
    ) {
      const first = known.size === 0 && offered === server.targets[0];
      await config.editUser([
        { path: ["targets", name], value },
        ...(first ? [{ path: ["target"], value: name }] : []),
      ]);
    }
    if (server.firstStart !== undefined) {
      const { login, token } = server.firstStart;
      await credentials.save(name, url, { login, token, createdAt: new Date().toISOString() });
    } else if (existing?.dataDir === server.dataDir && existing.url !== url) {
      // The same server at a new address keeps its credential.
      const stored = await credentials.stored(name);
      if (stored !== undefined) await credentials.save(name, url, stored);
    }
  }
}

function isOurs(target: Target, dataDir: string): boolean {
  if (target.dataDir === undefined) return false;
  return target.dataDir === dataDir || !existsSync(target.dataDir);
}
