import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { giveWay } from "./give-way.ts";

const CHUNK_BYTES = 256 * 1024;

/** The digest of a file's content in lower-case hex. */
export async function digestFile(file: string, algorithm: "md5" | "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  const descriptor = openSync(file, "r");
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const bytes = readSync(descriptor, chunk);
      if (bytes === 0) return hash.digest("hex");
      hash.update(chunk.subarray(0, bytes));
      await giveWay();
    }
  } finally {
    closeSync(descriptor);
  }
}
