import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod/mini";
import { configError, isPlugctlError } from "../core/errors.ts";
import { withFolderLock, writeFileAtomic } from "./atomic-file.ts";
import type { CredentialSource } from "./schema.ts";

const storedSchema = z.object({
  /** Origin of the endpoint that issued it: a credential is never sent to another one. */
  origin: z.string(),
  token: z.string().check(z.minLength(1)),
  login: z.optional(z.string()),
  createdAt: z.optional(z.string()),
});
export type StoredCredential = z.infer<typeof storedSchema>;

const fileSchema = z.object({ version: z.literal(1), credentials: z.record(z.string(), storedSchema) });

/** What a target needs to find its credential. */
export interface CredentialQuery {
  target: string;
  url: string;
  source: CredentialSource | undefined;
}

/** The credentials of the invoking user: environment first, then the target's own source, then a 0600 file. */
export class CredentialStore {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.#env = env;
  }

  get path(): string {
    return join(this.#folder, "credentials.json");
  }

  /** The secret for a target, or undefined. @throws CONFIG when its source is unusable. */
  async find(query: CredentialQuery): Promise<string | undefined> {
    if (this.#env.PLUGCTL_TOKEN) return this.#env.PLUGCTL_TOKEN.trim();
    if (this.#env.PLUGCTL_TOKEN_FILE) return readSecretFile(this.#env.PLUGCTL_TOKEN_FILE);
    if (query.source !== undefined) return this.#fromSource(query.target, query.source);
    return this.#issuedBy(query.target, query.url)?.token;
  }

  /** Who signed in to a target with the credential that is stored for it. */
  async login(target: string, url: string): Promise<string | undefined> {
    return this.#issuedBy(target, url)?.login;
  }

  /** What is stored for a target, without regard to the environment. */
  async stored(target: string): Promise<StoredCredential | undefined> {
    return this.#read()[target];
  }

  async save(target: string, url: string, credential: Omit<StoredCredential, "origin">): Promise<void> {
    await this.#change((all) => ({ ...all, [target]: { ...credential, origin: endpointOrigin(url) } }));
  }

  async remove(target: string): Promise<void> {
    await this.#change(({ [target]: _removed, ...rest }) => rest);
  }

  /** What is stored for a target, unless another endpoint than that of the URL issued it. */
  #issuedBy(target: string, url: string): StoredCredential | undefined {
    const stored = this.#read()[target];
    return stored?.origin === endpointOrigin(url) ? stored : undefined;
  }

  async #fromSource(target: string, source: CredentialSource): Promise<string> {
    if ("env" in source) {
      const value = this.#env[source.env];
      if (value) return value.trim();
      throw configError(`the credential of target "${target}" comes from $${source.env}, which is not set`);
    }
    const [{ execFile }, { promisify }] = await Promise.all([
      import("node:child_process"),
      import("node:util"),
    ]);
    const [command = "", ...args] = source.command;
    try {
      const { stdout } = await promisify(execFile)(command, args, { timeout: 30_000, maxBuffer: 65_536 });
      if (stdout.trim() !== "") return stdout.trim();
    } catch (cause) {
      const { code } = cause as { code?: unknown };
      // Neither output nor arguments are shown: both may hold the secret.
      throw configError(
        `the credential command of target "${target}" ("${command}") failed (${String(code)})`,
      );
    }
    throw configError(`the credential command of target "${target}" ("${command}") printed nothing`);
  }

  #read(): Record<string, StoredCredential> {
    let content: string;
    try {
      content = readSecretFile(this.path);
    } catch (error) {
      if (isPlugctlError(error) && error.details?.missing === true) return {};
      throw error;
    }
    const parsed = fileSchema.safeParse(safeJson(content));
    if (!parsed.success) {
      throw configError(`${this.path} is not a credentials file`, {
        hint: "remove it and sign in again with plugctl login",
      });
    }
    return parsed.data.credentials;
  }

  async #change(
    edit: (all: Record<string, StoredCredential>) => Record<string, StoredCredential>,
  ): Promise<void> {
    await withFolderLock(this.#folder, async () => {
      const credentials = edit(this.#read());
      await writeFileAtomic(this.path, `${JSON.stringify({ version: 1, credentials }, null, 2)}\n`);
    });
  }
}

/** Scheme, host and port of an endpoint; the path of a Unix socket. */
export function endpointOrigin(url: string): string {
  const parsed = new URL(url);
  if (parsed.protocol === "unix:") return url;
  // Of schemes that it does not know, the parser tells no origin.
  return parsed.protocol === "kafka:" ? `kafka://${parsed.host}` : parsed.origin;
}

/**
 * Reads a file that holds a secret; at once, since the first asynchronous read would start a pool of threads.
 * @throws CONFIG when others than its owner may read it.
 */
export function readSecretFile(path: string): string {
  try {
    const { mode } = statSync(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw configError(`${path} can be read by others`, { hint: `chmod 600 ${path}` });
    }
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (isPlugctlError(error)) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw configError(`cannot read ${path}`, { cause: error, details: { missing } });
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
