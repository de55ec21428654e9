import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { configError } from "../../core/errors.ts";
import type { ServerContext } from "../module.ts";
import { BUILD_ISOLATIONS, type BuildIsolation } from "./builder/builder.ts";

/** Where Wazo's own installation keeps the account of its plugin service. */
const KEY_FILE = "/var/lib/wazo-auth-keys/wazo-plugind-key.yml";

const keySchema = z.looseObject({ service_id: z.string().min(1), service_key: z.string().min(1) });

/** What the module is to be, every default filled in. */
export interface DebSettings {
  /** Folder of the module in the data directory. */
  folder: string;
  /** Tree that packages go into. */
  root: string;
  isolation: BuildIsolation;
  market: readonly string[];
  wazoVersion: string | undefined;
  amqp: string | undefined;
  wazoAuth: { url: string; username: string; password: string } | undefined;
  stepSeconds: number | undefined;
}

/** @throws CONFIG for an account of the service that cannot be read. */
export async function readSettings({ dataDir, options }: ServerContext): Promise<DebSettings> {
  const { deb = {} } = options;
  const folder = join(dataDir, "deb");
  return {
    folder,
    root: deb.root ?? join(folder, "root"),
    isolation: deb.isolation ?? BUILD_ISOLATIONS[0],
    market: deb.market ?? [],
    wazoVersion: deb.wazoVersion,
    amqp: deb.amqp,
    wazoAuth: deb.authUrl === undefined ? undefined : await readAccount(deb.authUrl),
    stepSeconds: deb.stepSeconds,
  };
}

async function readAccount(url: string): Promise<NonNullable<DebSettings["wazoAuth"]>> {
  const file = process.env.PLUGCTL_WAZO_AUTH_KEY_FILE ?? KEY_FILE;
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw configError(`the account for wazo-auth cannot be read from ${file}`, {
      hint: "PLUGCTL_WAZO_AUTH_KEY_FILE names a file with service_id and service_key",
      cause,
    });
  });
  const key = keySchema.safeParse(parse(text));
  if (!key.success) throw configError(`${file} has no service_id and service_key`);
  return { url, username: key.data.service_id, password: key.data.service_key };
}

/** The configuration as `GET /config` shows it: wazo-plugind's keys, secrets masked. */
export function shownConfig(settings: DebSettings): Readonly<Record<string, unknown>> {
  const { folder, root, amqp, wazoAuth, market, wazoVersion, isolation } = settings;
  const bus = amqp === undefined ? undefined : new URL(amqp);
  const auth = wazoAuth === undefined ? undefined : new URL(wazoAuth.url);
  const prefix = root === "/" ? "" : root;
  return {
    debug: false,
    log_level: 20,
    home_dir: "/usr/lib/wazo-plugind",
    metadata_dir: `${prefix}/usr/lib/wazo-plugind/plugins`,
    backup_rules_dir: `${prefix}/var/lib/wazo-plugind/rules`,
    download_dir: join(folder, "sources"),
    extract_dir: join(folder, "sources"),
    build_dir: "_pkg",
    plugin_data_dir: "wazo",
    default_metadata_filename: "wazo/plugin.yml",
    default_install_filename: "wazo/rules",
    default_debian_package_prefix: "wazo-plugind",
    debian_package_section: "wazo-plugind-plugin",
    rest_api: { cors: { allow_headers: ["Content-Type", "X-Auth-Token"] } },
    bus: {
      enabled: bus !== undefined,
      host: bus?.hostname ?? null,
      port: bus === undefined ? null : Number(bus.port || (bus.protocol === "amqps:" ? 5671 : 5672)),
      username: bus?.username ?? null,
      password: bus === undefined ? null : MASKED,
      exchange_name: "wazo-headers",
      exchange_type: "headers",
    },
    auth: {
      host: auth?.hostname ?? null,
      port: auth === undefined ? null : Number(auth.port || (auth.protocol === "https:" ? 443 : 80)),
      prefix: auth === undefined || auth.pathname === "/" ? null : auth.pathname,
      https: auth?.protocol === "https:",
      username: wazoAuth?.username ?? null,
      password: wazoAuth === undefined ? null : MASKED,
    },
    market: { documents: market },
    plugctl: { root, isolation, wazo_version: wazoVersion ?? null },
  };
}

const MASKED = "********";
