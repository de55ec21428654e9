import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { conflictError, isPlugctlError, verificationError } from "../core/errors.ts";
import { parseImageReference } from "../core/marketplace/image-reference.ts";
import type { ProgressListener } from "../core/progress.ts";
import type { BackupSummary } from "../core/safekeeping.ts";
import { backupPlugin, summarise } from "./backup.ts";
import {
  type BackupManifest,
  MANIFEST,
  notABackup,
  parseManifest,
  parseSettings,
  SETTINGS,
} from "./backup-format.ts";
import { readBlueprint, readProvenance } from "./blueprint.ts";
import { findContainer } from "./containers.ts";
import { designOf, obtainImage, type Workshop } from "./install.ts";
import { LABEL } from "./labels.ts";
import { checkPluginName, containerNames } from "./names.ts";
import { findImage, type PinnedImage } from "./pull.ts";
import type { Recipe } from "./recipe.ts";
import { removePlugin } from "./remove.ts";
import { replaceContainer } from "./replace.ts";

export interface RestoreRequest {
  file: string;
  /** Default: the name that it had. */
  name?: string | undefined;
  /** Remove a plugin of that name, with its data, first. */
  replace: boolean;
}

/**
 * Makes a plugin from a backup, its image from the registry, and its volumes' content. A plugin that it replaces is backed
 * up first and comes back if that fails.
 * @throws VERIFICATION for a damaged file, CONFLICT when there is one of the name, NOT_FOUND for an image that is gone.
 */
export async function restorePlugin(
  shop: Workshop,
  { file, name, replace }: RestoreRequest,
  progress: ProgressListener,
): Promise<BackupSummary> {
  const folder = await mkdtemp(join(tmpdir(), "plugctl-restore-"));
  try {
    progress({ phase: "verifying", message: `verifying ${file}` });
    const manifest = await unpack(file, folder);
    const plugin = checkPluginName(name ?? manifest.plugin);
    const present = await findContainer(shop, containerNames(shop.user, plugin).current);
    if (present !== undefined && !replace) {
      throw conflictError(`plugin "${plugin}" is installed already on target "${shop.client.target}"`, {
        hint: "--replace removes it first, with its data; --name restores under another name",
      });
    }
    if (present === undefined) await make(shop, { manifest, folder, plugin }, progress);
    else await replacing(shop, { manifest, folder, plugin }, progress);
    return await summarise(file, { name: plugin, version: manifest.version, volumes: manifest.volumes });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Unpacked {
  manifest: BackupManifest;
  folder: string;
  plugin: string;
}

async function replacing(shop: Workshop, unpacked: Unpacked, progress: ProgressListener): Promise<void> {
  const { plugin, folder } = unpacked;
  const before = join(folder, "before.tar");
  await backupPlugin(shop, { name: plugin, file: before }, progress);
  await removePlugin(shop, { name: plugin, purge: true, dryRun: false });
  try {
    await make(shop, unpacked, progress);
  } catch (error) {
    const after = { ...shop, client: shop.client.afterwards() };
    await restorePlugin(after, { file: before, name: plugin, replace: false }, progress);
    throw error;
  }
}

async function make(shop: Workshop, { manifest, folder, plugin }: Unpacked, progress: ProgressListener) {
  const { labels, env, secrets = {} } = parseSettings(await readFile(join(folder, SETTINGS), "utf8"), folder);
  const blueprint = readBlueprint(labels, env);
  if (blueprint === undefined) throw notABackup(folder);
  const { recipe, settings } = blueprint;
  const pinned = await exactImage(shop, recipe, { digest: labels[LABEL.imageDigest], progress });
  const provenance = { ...readProvenance({ Config: { Labels: labels } }), plugin };
  await replaceContainer(shop, {
    design: designOf(shop, recipe, { provenance, settings, pinned }),
    filledAs: labels,
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([name, content]) => [name, Buffer.from(content, "base64")]),
    ),
    archives: manifest.volumes.map(({ name, target }) => ({
      file: join(folder, flat(name)),
      target,
    })),
    start: manifest.wasRunning,
    progress,
  });
}

/** The image that it had, wherever its tag leads now; one that came from no registry has to be on the engine. */
async function exactImage(
  shop: Workshop,
  recipe: Recipe,
  { digest, progress }: { digest: string | undefined; progress: ProgressListener },
): Promise<PinnedImage> {
  const local = digest === undefined ? undefined : await findImage(shop.client, digest);
  if (digest !== undefined && local !== undefined) return { reference: local.Id, digest, image: local };
  const { repository, digest: own } = parseImageReference(recipe.image);
  const image = own !== null || digest === undefined ? recipe.image : `${repository}@${digest}`;
  const exact = { recipe: { ...recipe, image, alwaysPull: false }, buildFolder: null };
  return obtainImage(shop, exact, { always: false, progress });
}

/** Unpacks a backup into a folder and checks every member. @throws VERIFICATION. */
async function unpack(file: string, folder: string): Promise<BackupManifest> {
  const found = new Map<string, { sizeBytes: number; sha256: string }>();
  const reader = extract();
  const reading = pipeline(createReadStream(file), reader);
  try {
    for await (const entry of reader) {
      const { name } = entry.header;
      if (!/^(?:manifest\.json|settings\.json|volumes\/\d+\.tar)$/.test(name)) throw notABackup(file);
      const hash = createHash("sha256");
      let sizeBytes = 0;
      const measure = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          sizeBytes += chunk.length;
          done(null, chunk);
        },
      });
      await pipeline(entry, measure, createWriteStream(join(folder, flat(name)), { mode: 0o600 }));
      found.set(name, { sizeBytes, sha256: hash.digest("hex") });
    }
    await reading;
  } catch (error) {
    reading.catch(() => undefined);
    if (isPlugctlError(error)) throw error;
    if (error instanceof Error && "syscall" in error) throw error;
    throw notABackup(file);
  }
  if (!found.has(MANIFEST)) throw notABackup(file);
  const manifest = parseManifest(await readFile(join(folder, MANIFEST), "utf8"), file);
  for (const { name, sha256, sizeBytes } of [manifest.settings, ...manifest.volumes]) {
    const member = found.get(name);
    if (member?.sha256 === sha256 && member.sizeBytes === sizeBytes) continue;
    throw verificationError(`${file} is damaged: ${name} is not what was written`, {
      details: { file, member: name, expected: sha256, found: member?.sha256 ?? null },
    });
  }
  return manifest;
}

const flat = (name: string) => name.replaceAll("/", "-");
