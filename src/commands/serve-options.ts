import { join, resolve } from "node:path";
import { usageError } from "../core/errors.ts";
import type { Host } from "../host.ts";
import type { ServerOptions } from "../server/index.ts";
import type { Options } from "./command.ts";
import type { serve } from "./serve.meta.ts";
import { debOptions } from "./serve-deb-options.ts";
import { kafkaOptions } from "./serve-kafka-options.ts";

/** Makes a path of the user's absolute. */
export type ResolvePath = (value: string | undefined) => string | undefined;

/** What the flags of `serve` and the environment ask for. @throws USAGE, CONFIG for what cannot be meant. */
export function serverOptions(options: Options<typeof serve>, host: Host): ServerOptions {
  const path: ResolvePath = (value) => (value === undefined ? undefined : resolve(host.cwd, value));
  return {
    version: host.version,
    dataDir: path(options.data) ?? join(host.paths.data, "server"),
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 7400,
    extraPorts: options.extraPort?.map(parsePort),
    socket: path(options.socket),
    tls: tls(options, path),
    allowPlainHttp: options.allowPlainHttp === true,
    publicUrl: options.publicUrl,
    only: options.only,
    without: options.without,
    adminPasswordFile: path(options.adminPasswordFile),
    logLevel: options.logLevel ?? "warn",
    logFile: path(options.logFile),
    modules: {
      docker: options.docker,
      marketplaces: options.marketplace,
      pluginDomain: options.pluginDomain,
      maxPlugins: options.maxPlugins,
      kafka: kafkaOptions(options),
      deb: debOptions(options, { path, env: host.env }),
    },
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw usageError(`--extra-port: "${text}" must be a whole number from 0 to 65535`);
}

function tls(options: Options<typeof serve>, path: ResolvePath): ServerOptions["tls"] {
  const [certFile, keyFile] = [path(options.tlsCert), path(options.tlsKey)];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw usageError("--tls-cert and --tls-key belong together");
  }
  if (certFile === undefined || keyFile === undefined)
    return options.tlsSelfSigned ? ("self-signed" as const) : undefined;
  if (options.tlsSelfSigned) throw usageError("--tls-self-signed and --tls-cert exclude each other");
  return { certFile, keyFile };
}
