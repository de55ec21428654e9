import { isPlugctlError, PlugctlError } from "../core/errors.ts";
import { parseImageReference } from "../core/marketplace/image-reference.ts";
import type { ProgressListener } from "../core/progress.ts";
import type { EngineClient, EngineStream } from "./client.ts";
import { streamError } from "./errors.ts";
import { readLines } from "./lines.ts";
import type { RegistryLogin } from "./registry-auth.ts";
import { distributionSchema, type Image, imageSchema, type ProgressLine, progressSchema } from "./schema.ts";

/** What a container is created from: an exact image, whatever its tag leads to later. */
export interface PinnedImage {
  /** For the engine: `repository@sha256:…`, or the image's id. */
  reference: string;
  digest: string;
  image: Image;
}

/** The engine has it; undefined when not. */
export async function findImage(client: EngineClient, reference: string): Promise<Image | undefined> {
  try {
    return await client.json(
      imageSchema,
      (docker, abortSignal) => docker.getImage(reference).inspect({ abortSignal } as object),
      { subject: `image ${reference}` },
    );
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Pulls an image as the engine does it, layer by layer.
 * @throws NOT_FOUND, UNAUTHENTICATED, FORBIDDEN from the registry; UNAVAILABLE when the engine cannot reach it.
 */
export async function pullImage(
  client: EngineClient,
  reference: string,
  { login, progress }: { login: RegistryLogin; progress: ProgressListener },
): Promise<void> {
  const { repository, tag, digest } = parseImageReference(reference);
  const authconfig = await login(reference);
  progress({ phase: "pulling", message: `pulling ${reference}` });
  const stream = await client.stream(
    (docker, abortSignal) =>
      docker.createImage(authconfig as never, {
        fromImage: repository,
        tag: digest ?? tag ?? "latest",
        abortSignal,
      }),
    { subject: `image ${reference}`, extraMs: 120_000 },
  );
  await readProgress(stream, layerProgress(reference, progress));
}

/** Names exactly what the engine has under a reference. @throws NOT_FOUND when it has nothing. */
export async function pinImage(client: EngineClient, reference: string): Promise<PinnedImage> {
  const image = await findImage(client, reference);
  if (image === undefined) throw new PlugctlError("NOT_FOUND", `image ${reference}: the engine has none`);
  const { repository } = parseImageReference(reference);
  const digest = image.RepoDigests.map((text) => text.split("@"))
    .filter(([name]) => normalise(name ?? "") === normalise(repository))
    .map(([, found]) => found)
    .find((found) => found !== undefined);
  // Built or imported on the engine itself: it is in no registry, and its id is as exact.
  if (digest === undefined) return { reference: image.Id, digest: image.Id, image };
  return { reference: `${repository}@${digest}`, digest, image };
}

/**
 * Digest that a reference has in its registry now, asked by the engine, without pulling.
 * @returns null when this cannot be told: the image is in no registry, or the engine (Podman) has no such call.
 */
export async function registryDigest(
  client: EngineClient,
  reference: string,
  login: RegistryLogin,
): Promise<string | null> {
  const authconfig = await login(reference);
  try {
    const { Descriptor } = await client.json(
      distributionSchema,
      (docker, abortSignal) => docker.getImage(reference).distribution({ authconfig, ...{ abortSignal } }),
      { subject: `image ${reference}` },
    );
    return Descriptor.digest;
  } catch (error) {
    if (isPlugctlError(error) && ["NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED"].includes(error.code))
      return null;
    throw error;
  }
}

/** Reads a stream of progress to its end. @throws what its last line tells, if that is an error. */
export async function readProgress(
  { body, call, error }: EngineStream,
  onLine: (line: ProgressLine) => void,
): Promise<void> {
  try {
    for await (const text of readLines(body)) {
      const line = parseLine(text);
      if (line === undefined) continue;
      if (line.error !== undefined) throw streamError(line.error, call);
      onLine(line);
    }
  } catch (thrown) {
    throw error(thrown);
  } finally {
    body.destroy();
  }
}

function parseLine(text: string): ProgressLine | undefined {
  const parsed = progressSchema.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : undefined;
}

/** Bytes over all layers known so far; a message a layer whenever its state changes. */
function layerProgress(reference: string, progress: ProgressListener): (line: ProgressLine) => void {
  const layers = new Map<string, { done: number; total: number; status: string }>();
  return ({ id, status, progressDetail }) => {
    if (id === undefined || status === undefined || !/^[0-9a-f]{12}$/.test(id)) return;
    const before = layers.get(id);
    const isDownload = status === "Downloading";
    const total = (isDownload ? progressDetail?.total : undefined) ?? before?.total ?? 0;
    const done = isDownload ? (progressDetail?.current ?? 0) : status.startsWith("Pulling") ? 0 : total;
    if (status === before?.status && done === before.done) return;
    layers.set(id, { done, total, status });
    const all = [...layers.values()];
    const sum = (key: "done" | "total") => all.reduce((bytes, layer) => bytes + layer[key], 0);
    progress({
      phase: "pulling",
      message: `pulling ${reference}: layer ${id}: ${status.toLowerCase()}`,
      ...(sum("total") > 0 ? { done: sum("done"), total: sum("total"), unit: "bytes" as const } : {}),
    });
  };
}

/** Engines shorten Docker Hub's names, or lengthen them. */
const normalise = (repository: string) => repository.replace(/^docker\.io\//, "").replace(/^library\//, "");
