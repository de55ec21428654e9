import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { usageError } from "../core/errors.ts";
import type { SettingsChange } from "../core/settings.ts";

/** Settings as they stand on a command line. */
export interface WrittenSettings {
  env?: readonly string[] | undefined;
  envFile?: string | undefined;
  secret?: readonly string[] | undefined;
  unset?: readonly string[] | undefined;
  volume?: readonly string[] | undefined;
  publish?: readonly string[] | undefined;
  memory?: number | undefined;
  cpus?: number | undefined;
  pids?: number | undefined;
  restart?: string | undefined;
  replicas?: number | undefined;
  placement?: readonly string[] | undefined;
}

export interface SettingsSurroundings {
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** What is piped in, for `--env-file -` or `--secret NAME=-`. */
  readStdin: () => Promise<string>;
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const VOLUME = /^(?:[A-Za-z0-9][A-Za-z0-9_.-]*|\/[^:\0]*):\/[^:\0]*(?::(?:ro|rw))?$/;
const PORT = /^(?:(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):)?(\d{1,5}):(\d{1,5})(?:\/(?:tcp|udp))?$/;
const CONSTRAINT = /^(?:node|engine)\.[A-Za-z0-9_.-]+(?:==|!=)\S+$/;
const RESTART = ["no", "always", "unless-stopped", "on-failure"] as const;

/**
 * The change that a command line asks for; the file of variables comes first, so that single ones win over it.
 * @throws USAGE for what does not fit, without repeating a value.
 */
export async function settingsChange(
  written: WrittenSettings,
  surroundings: SettingsSurroundings,
): Promise<SettingsChange> {
  const env = await variables(written, surroundings);
  const secrets = await secretFiles(written, surroundings);
  for (const volume of written.volume ?? []) {
    if (!VOLUME.test(volume) || volume.split(/[:/]/).includes("..")) {
      throw usageError(`--volume: "${volume}" is not source:target[:ro]`, {
        hint: "the source is a name or an absolute path, the target an absolute path",
      });
    }
  }
  for (const port of written.publish ?? []) {
    const numbers = PORT.exec(port)?.slice(1).map(Number) ?? [0];
    if (numbers.some((number) => number < 1 || number > 65_535)) {
      throw usageError(`--publish: "${port}" is not [address:]host:container[/udp]`, {
        hint: "for example 8080:80 or 127.0.0.1:8080:80",
      });
    }
  }
  const placement = written.placement?.filter((constraint) => constraint !== "none");
  for (const constraint of placement ?? []) {
    if (!CONSTRAINT.test(constraint)) {
      throw usageError(`--placement: "${constraint}" is not a constraint`, {
        hint: "for example node.role==worker, node.hostname!=db1 or node.labels.zone==west; none takes them away",
      });
    }
  }
  const restart = RESTART.find((policy) => policy === written.restart);
  return {
    ...(Object.keys(env).length > 0 ? { env } : {}),
    ...(Object.keys(secrets).length > 0 ? { secrets } : {}),
    ...(written.volume === undefined ? {} : { volumes: written.volume }),
    ...(written.publish === undefined ? {} : { ports: written.publish }),
    ...(written.memory === undefined ? {} : { memoryBytes: written.memory }),
    ...(written.cpus === undefined ? {} : { cpus: written.cpus }),
    ...(written.pids === undefined ? {} : { pids: written.pids }),
    ...(restart === undefined ? {} : { restart }),
    ...(written.replicas === undefined ? {} : { replicas: written.replicas }),
    ...(placement === undefined ? {} : { placement }),
  };
}

async function variables(
  written: WrittenSettings,
  surroundings: SettingsSurroundings,
): Promise<Record<string, string | null>> {
  const env: Record<string, string | null> = {};
  if (written.envFile !== undefined) {
    for (const [key, value] of Object.entries(parseEnv(await readVariables(written.envFile, surroundings)))) {
      env[checked(key, "--env-file")] = value ?? "";
    }
  }
  for (const variable of written.env ?? []) {
    const equals = variable.indexOf("=");
    const key = checked(equals < 0 ? variable : variable.slice(0, equals), "--env");
    const value = equals < 0 ? surroundings.env[key] : variable.slice(equals + 1);
    if (value === undefined) {
      throw usageError(`--env ${key}: there is no such variable here to pass on`, {
        hint: `write ${key}=value, or set it in the environment`,
      });
    }
    env[key] = value;
  }
  for (const key of written.unset ?? []) {
    if (typeof env[key] === "string") throw usageError(`${key} is both set and unset`);
    env[checked(key, "--unset")] = null;
  }
  return env;
}

const SECRET = /^([A-Za-z0-9_][A-Za-z0-9_.-]{0,63})=(.*)$/;
/** What a swarm takes at most. */
const SECRET_BYTES = 500 * 1024;

async function secretFiles(
  { secret = [], envFile }: WrittenSettings,
  { cwd, readStdin }: SettingsSurroundings,
): Promise<Record<string, Uint8Array | null>> {
  const files = secret.map((text) => {
    const [, name, file] = SECRET.exec(text) ?? [];
    if (name !== undefined && file !== undefined) return { name, file };
    throw usageError("--secret: a secret is NAME=FILE", { hint: "for example db_password=./password.txt" });
  });
  const piped = files.filter(({ file }) => file === "-").length + (envFile === "-" ? 1 : 0);
  if (piped > 1)
    throw usageError("stdin can be one file of variables or one secret, and more were asked for");
  const read = async (file: string) =>
    file === "-" ? Buffer.from(await readStdin()) : readFile(resolve(cwd, file));
  const contents = files.map(async ({ name, file }): Promise<[string, Uint8Array | null]> => {
    if (file === "") return [name, null];
    const content = await read(file).catch((cause: Error) => {
      throw usageError(`--secret ${name}: cannot read ${file}: ${cause.message}`, { cause });
    });
    if (content.length > 0 && content.length <= SECRET_BYTES) return [name, content];
    throw usageError(`--secret ${name}: ${file} is empty, or has more than ${SECRET_BYTES} bytes`);
  });
  return Object.fromEntries(await Promise.all(contents));
}

function checked(key: string, option: string): string {
  if (VARIABLE.test(key)) return key;
  throw usageError(`${option}: a variable's name is letters, digits and underscores`, {
    hint: "write KEY=value",
  });
}

async function readVariables(file: string, { cwd, readStdin }: SettingsSurroundings): Promise<string> {
  if (file === "-") return readStdin();
  return readFile(resolve(cwd, file), "utf8").catch((error: Error) => {
    throw usageError(`--env-file: cannot read ${file}: ${error.message}`, { cause: error });
  });
}
