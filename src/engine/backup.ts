import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { conflictError } from "../core/errors.ts";
import type { ProgressListener } from "../core/progress.ts";
import type { BackupSummary } from "../core/safekeeping.ts";
import {
  type BackupManifest,
  type BackupSettings,
  MANIFEST,
  newManifest,
  SETTINGS,
} from "./backup-format.ts";
import { readProvenance, writeBlueprint } from "./blueprint.ts";
import { type EngineScope, pluginContainer } from "./containers.ts";
import { readContainer } from "./in-place.ts";
import { LABEL } from "./labels.ts";
import type { Container } from "./schema.ts";
import { readSecrets } from "./secrets.ts";

/**
 * Writes volumes and settings of a plugin into one file, which only its owner may read: it holds the values of secrets.
 * A running plugin is paused while its volumes are read. The file has its name only when it is complete.
 * @throws NOT_FOUND, CONFLICT when the file exists.
 */
export async function backupPlugin(
  scope: EngineScope,
  { name, file }: { name: string; file: string },
  progress: ProgressListener,
): Promise<BackupSummary> {
  if (await exists(file)) throw conflictError(`${file} exists already`, { details: { file } });
  const container = await pluginContainer(scope, name);
  if (readContainer(container) === undefined) {
    throw conflictError(`the labels of plugin "${name}" do not say how it was made`);
  }
  const folder = await mkdtemp(join(dirname(file), `.${basename(file)}-`));
  try {
    const volumes = await whilePaused(scope, name, container, () =>
      readVolumes(scope, name, container, { folder, progress }),
    );
    progress({ phase: "writing", message: `writing ${file}` });
    const temporary = join(folder, "backup.tar");
    await writeBackup(temporary, folder, {
      container,
      name,
      volumes,
      secrets: await secretsOf(scope, name, container),
    });
    await rename(temporary, file);
    return await summarise(file, { name, version: readProvenance(container).version, volumes });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a file holds, for the result of a backup or a restore. */
export async function summarise(
  file: string,
  { name, version, volumes }: { name: string; version: string | null; volumes: BackupManifest["volumes"] },
): Promise<BackupSummary> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const { size } = await stat(file);
  return {
    ...{ name, version, file, sizeBytes: size },
    sha256: hash.digest("hex"),
    volumes: volumes.map(({ target }) => target),
  };
}

async function whilePaused<T>(
  { client }: EngineScope,
  name: string,
  { Id, State }: Container,
  work: () => Promise<T>,
): Promise<T> {
  if (State.Status !== "running") return work();
  const subject = `plugin "${name}"`;
  await client.done((docker, abortSignal) => docker.getContainer(Id).pause({ abortSignal }), { subject });
  try {
    return await work();
  } finally {
    await client
      .afterwards()
      .done((docker, abortSignal) => docker.getContainer(Id).unpause({ abortSignal }), { subject });
  }
}

async function readVolumes(
  scope: EngineScope,
  name: string,
  { Id, Mounts }: Container,
  { folder, progress }: { folder: string; progress: ProgressListener },
): Promise<BackupManifest["volumes"]> {
  const volumes: BackupManifest["volumes"] = [];
  // Engines list mounts in any order; an archive of the same plugin is the same.
  const inOrder = Mounts.toSorted((a, b) => a.Destination.localeCompare(b.Destination));
  for (const { Type, Destination: target } of inOrder) {
    // Folders of the engine's machine are not the plugin's own.
    if (Type !== "volume") continue;
    progress({ phase: "reading", message: `reading ${target}` });
    const member = `volumes/${volumes.length}.tar`;
    const { body, error } = await scope.client.stream(
      (docker, abortSignal) => docker.getContainer(Id).getArchive({ path: target, ...{ abortSignal } }),
      { subject: `plugin "${name}"` },
    );
    const hash = createHash("sha256");
    let sizeBytes = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        sizeBytes += chunk.length;
        done(null, chunk);
      },
    });
    await pipeline(
      body,
      measure,
      createWriteStream(join(folder, `${volumes.length}`), { mode: 0o600 }),
    ).catch((thrown: unknown) => {
      throw error(thrown);
    });
    volumes.push({ name: member, target, sizeBytes, sha256: hash.digest("hex") });
  }
  return volumes;
}

async function secretsOf(
  scope: EngineScope,
  plugin: string,
  container: Container,
): Promise<Record<string, string>> {
  const names = readContainer(container)?.settings.secrets ?? [];
  const files = await readSecrets(scope, { plugin, from: container.Id, names });
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [name, Buffer.from(content).toString("base64")]),
  );
}

async function writeBackup(
  file: string,
  folder: string,
  {
    container,
    name,
    volumes,
    secrets,
  }: {
    container: Container;
    name: string;
    volumes: BackupManifest["volumes"];
    secrets: Record<string, string>;
  },
): Promise<void> {
  const { Labels: labels, Env: env } = container.Config;
  const made = readContainer(container);
  // With what was changed in place since it was made.
  const blueprint =
    made === undefined ? {} : { [LABEL.blueprint]: writeBlueprint(made.recipe, made.settings) };
  const stored: BackupSettings = { labels: { ...labels, ...blueprint }, env, secrets };
  const settings = JSON.stringify(stored, null, 2);
  const manifest = newManifest({
    plugin: name,
    version: readProvenance(container).version,
    createdAt: new Date().toISOString(),
    wasRunning: ["running", "paused", "restarting"].includes(container.State.Status),
    settings: {
      name: SETTINGS,
      sizeBytes: Buffer.byteLength(settings),
      sha256: createHash("sha256").update(settings).digest("hex"),
    },
    volumes,
  });
  const archive = pack();
  const writing = pipeline(archive, createWriteStream(file, { mode: 0o600 }));
  archive.entry({ name: MANIFEST, mode: 0o600 }, JSON.stringify(manifest, null, 2));
  archive.entry({ name: SETTINGS, mode: 0o600 }, settings);
  for (const [index, { name: member, sizeBytes }] of volumes.entries()) {
    const entry = archive.entry({ name: member, mode: 0o600, size: sizeBytes });
    await pipeline(createReadStream(join(folder, String(index))), entry);
  }
  archive.finalize();
  await writing;
  const handle = await open(file, "r");
  await handle.sync().finally(() => handle.close());
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );
