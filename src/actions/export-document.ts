import { dump } from "js-yaml";
import type { ExportDocument } from "../core/portability.ts";
import { assertFree, saveStream } from "./save-stream.ts";

export const yamlOf = (document: ExportDocument): string => dump(document);

/** Writes a document whole or not at all, in the format that the file's name says. @throws CONFLICT, USAGE. */
export async function writeExport(
  path: string,
  document: ExportDocument,
  { overwrite }: { overwrite: boolean },
): Promise<void> {
  await assertFree(path, overwrite);
  const text = path.endsWith(".json") ? `${JSON.stringify(document, null, 2)}\n` : yamlOf(document);
  const pieces = (async function* () {
    yield Buffer.from(text);
  })();
  await saveStream(pieces, path, { overwrite, onBytes: () => {} });
}
