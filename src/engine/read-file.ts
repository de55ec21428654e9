import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { isPlugctlError } from "../core/errors.ts";
import type { EngineScope } from "./containers.ts";

/** A file that is longer is not read: it would be held in memory. */
const READ_BYTES = 64 * 1024 * 1024;

/** A file in a container, running or not. Null when there is nothing; a content of null for what is no file, or too long. */
export async function readFileIn(
  { client }: EngineScope,
  id: string,
  path: string,
): Promise<{ content: Buffer | null } | null> {
  try {
    const { body, error } = await client.stream(
      (docker, abortSignal) => docker.getContainer(id).getArchive({ path, ...{ abortSignal } }),
      { subject: path },
    );
    const archive = body.pipe(extract());
    body.on("error", (thrown) => archive.destroy(thrown));
    try {
      for await (const entry of archive) {
        const { type, size = 0 } = entry.header;
        if (type !== "file" || size > READ_BYTES) break;
        return { content: await buffer(entry) };
      }
      return { content: null };
    } catch (thrown) {
      throw error(thrown);
    } finally {
      body.destroy();
    }
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return null;
    throw error;
  }
}
