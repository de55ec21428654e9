import { spawn } from "node:child_process";
import type { AuthConfig } from "dockerode";
import * as z from "zod/mini";
import { PlugctlError } from "../core/errors.ts";
import { parseImageReference } from "../core/marketplace/image-reference.ts";
import { type DockerConfig, type Environment, readDockerConfig } from "./docker-config.ts";

/** What Docker Hub is called in a docker configuration. */
const HUB = "https://index.docker.io/v1/";
const HUB_HOSTS: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

const helperSchema = z.object({ Username: z.string(), Secret: z.string() });
const HELPER_MS = 30_000;

/** Credential for the registry of an image; undefined = anonymous. */
export type RegistryLogin = (reference: string) => Promise<AuthConfig | undefined>;

/** The logins that the user's docker has: `docker login` and credential helpers. They go to the engine in a header. */
export function dockerLogins(env: Environment): RegistryLogin {
  return async (reference) => {
    const host = registryHost(reference);
    const config = await readDockerConfig(env);
    const names = HUB_HOSTS.has(host) ? [HUB, host] : [host, `https://${host}`, `http://${host}`];
    for (const name of names) {
      const found = (await fromHelper(config, name)) ?? fromFile(config, name);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

/** `registry.example.com:5000`; `docker.io` for references that name none. */
export function registryHost(reference: string): string {
  const [first = "", ...rest] = parseImageReference(reference).repository.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : "docker.io";
}

function fromFile({ auths }: DockerConfig, name: string): AuthConfig | undefined {
  const entry = auths?.[name];
  if (entry === undefined) return undefined;
  if (entry.identitytoken) return { identitytoken: entry.identitytoken, serveraddress: name } as AuthConfig;
  const plain = entry.auth === undefined ? undefined : Buffer.from(entry.auth, "base64").toString("utf8");
  const [username = entry.username, ...password] = plain?.split(":") ?? [];
  const secret = plain === undefined ? entry.password : password.join(":");
  return username === undefined || secret === undefined || username === ""
    ? undefined
    : { username, password: secret, serveraddress: name };
}

async function fromHelper(
  { credHelpers, credsStore }: DockerConfig,
  name: string,
): Promise<AuthConfig | undefined> {
  const helper = credHelpers?.[name] ?? credsStore;
  if (helper === undefined || !/^[A-Za-z0-9._-]+$/.test(helper)) return undefined;
  const answer = await askHelper(`docker-credential-${helper}`, name);
  if (answer === undefined) return undefined;
  const { Username: username, Secret: secret } = answer;
  return username === "<token>"
    ? ({ identitytoken: secret, serveraddress: name } as AuthConfig)
    : { username, password: secret, serveraddress: name };
}

/** @returns undefined when it has nothing for this registry. @throws CONFIG when it cannot be run. */
function askHelper(program: string, name: string): Promise<z.output<typeof helperSchema> | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "ignore"], timeout: HELPER_MS });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk;
    });
    child.on("error", (cause) =>
      reject(
        new PlugctlError("CONFIG", `${program}, which docker's configuration names, cannot be run`, {
          cause,
        }),
      ),
    );
    child.on("close", (code) => resolve(code === 0 ? parseAnswer(text) : undefined));
    child.stdin.on("error", () => undefined);
    child.stdin.end(name);
  });
}

function parseAnswer(text: string): z.output<typeof helperSchema> | undefined {
  try {
    return helperSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
