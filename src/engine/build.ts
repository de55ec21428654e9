import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { notFoundError } from "../core/errors.ts";
import type { ProgressListener } from "../core/progress.ts";
import { folderFiles } from "./catalogue/folder-files.ts";
import type { EngineClient } from "./client.ts";
import { LABEL } from "./labels.ts";
import { readProgress } from "./pull.ts";

/**
 * Builds an image from the Dockerfile in a folder and gives it the reference's tag.
 * @throws NOT_FOUND without a Dockerfile, BACKEND with the failing step's words.
 */
export async function buildImage(
  client: EngineClient,
  { folder, reference }: { folder: string; reference: string },
  progress: ProgressListener,
): Promise<void> {
  await stat(join(folder, "Dockerfile")).catch((cause) => {
    throw notFoundError(`there is no Dockerfile in ${folder}`, { cause });
  });
  progress({ phase: "building", message: `building ${reference}` });
  const archive = pack();
  const filling = fill(archive, folder).catch((error: Error) => archive.destroy(error));
  const stream = await client.stream(
    (docker, abortSignal) =>
      docker.buildImage(Readable.from(archive), {
        t: reference,
        rm: true,
        forcerm: true,
        labels: { [LABEL.origin]: "build" },
        abortSignal,
      }),
    { subject: `image ${reference}`, extraMs: 15 * 60_000 },
  );
  await Promise.all([
    filling,
    readProgress(stream, ({ stream: text }) => {
      const step = text?.trim();
      if (step) progress({ phase: "building", message: `building ${reference}: ${step}` });
    }),
  ]);
}

async function fill(archive: ReturnType<typeof pack>, folder: string): Promise<void> {
  for (const { path, file, mode, sizeBytes } of await folderFiles(folder))
    await pipeline(createReadStream(file), archive.entry({ name: path, mode, size: sizeBytes }));
  archive.finalize();
}
