import { type FileHandle, open, rm } from "node:fs/promises";
import { conflictError, usageError } from "../core/errors.ts";

/**
 * A new file for a secret, readable by its owner alone. It is made before the secret is, so that no secret is made
 * that cannot be kept; unless `keep` succeeds, disposing of it removes it again.
 */
export class SecretFile implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;
  #kept = false;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** @throws CONFLICT when there is such a file already, USAGE when none can be made there. */
  static async reserve(path: string): Promise<SecretFile> {
    try {
      return new SecretFile(path, await open(path, "wx", 0o600));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EEXIST") throw usageError(`cannot write ${path}: ${message}`, { cause: error });
      throw conflictError(`${path} exists already`, { hint: "name a file that does not" });
    }
  }

  /** Writes the secret as one line, durably. */
  async keep(secret: string): Promise<void> {
    await this.#handle.writeFile(`${secret}\n`);
    await this.#handle.sync();
    this.#kept = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    if (!this.#kept) await rm(this.#path, { force: true });
  }
}
