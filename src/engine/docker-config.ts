import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { configError, notFoundError } from "../core/errors.ts";
import { type EngineAddress, type EngineTls, parseAddress } from "./address.ts";

/** Docker's own default when neither variable nor context says otherwise. */
const DEFAULT_SOCKET = "unix:///var/run/docker.sock";

const text = z.optional(z.string());

/** `config.json` of the docker command line, as far as an engine's client needs it. */
const configSchema = z.object({
  currentContext: text,
  credsStore: text,
  credHelpers: z.optional(z.record(z.string(), z.string())),
  auths: z.optional(
    z.record(z.string(), z.object({ auth: text, username: text, password: text, identitytoken: text })),
  ),
});
export type DockerConfig = z.output<typeof configSchema>;

const contextSchema = z.object({
  Name: z.string(),
  Endpoints: z.object({ docker: z.object({ Host: z.string(), SkipTLSVerify: z.optional(z.boolean()) }) }),
});

/** The environment that docker's command line would run in. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Empty where the user has no such file. @throws CONFIG when it is damaged. */
export async function readDockerConfig(env: Environment): Promise<DockerConfig> {
  const file = join(configFolder(env), "config.json");
  const content = await readIfThere(file);
  return content === undefined ? {} : parseFile(file, content, configSchema);
}

/**
 * The address that a docker context of the user stands for; without a name the one that docker itself would use now:
 * DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket.
 * @throws NOT_FOUND for an unknown context, CONFIG for a damaged one.
 */
export async function resolveContext(env: Environment, name?: string): Promise<EngineAddress> {
  const chosen =
    name ??
    (env.DOCKER_HOST ? "default" : env.DOCKER_CONTEXT || (await readDockerConfig(env)).currentContext);
  if (chosen === undefined || chosen === "default") return defaultAddress(env);
  // Docker names a context's folder by the digest of the context's name.
  const id = createHash("sha256").update(chosen).digest("hex");
  const file = join(configFolder(env), "contexts", "meta", id, "meta.json");
  const content = await readIfThere(file);
  if (content === undefined) {
    throw notFoundError(`there is no docker context "${chosen}"`, { hint: '"docker context ls" lists them' });
  }
  const { Host, SkipTLSVerify } = parseFile(file, content, contextSchema).Endpoints.docker;
  const tls = await readCertificates(join(configFolder(env), "contexts", "tls", id, "docker"));
  if (tls === undefined && SkipTLSVerify !== true) return parseAddress(Host);
  return parseAddress(Host, { ...tls, insecure: SkipTLSVerify });
}

async function defaultAddress(env: Environment): Promise<EngineAddress> {
  const host = env.DOCKER_HOST || DEFAULT_SOCKET;
  if (!env.DOCKER_TLS_VERIFY) return parseAddress(host);
  return parseAddress(host, (await readCertificates(env.DOCKER_CERT_PATH || configFolder(env))) ?? {});
}

async function readCertificates(folder: string): Promise<EngineTls | undefined> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readIfThere(join(folder, name))),
  );
  return ca === undefined && cert === undefined ? undefined : { ca, cert, key };
}

const configFolder = (env: Environment) => env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && ["ENOENT", "ENOTDIR"].includes(String(cause.code)))
      return undefined;
    throw configError(`cannot read ${file}`, { cause });
  }
}

function parseFile<S extends z.ZodMiniType>(file: string, content: string, schema: S): z.output<S> {
  let data: unknown;
  try {
    data = JSON.parse(content);
  } catch (cause) {
    throw configError(`${file} is not JSON`, { cause });
  }
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw configError(`${file}: ${issue?.path.join(".")}: ${issue?.message}`);
}
