import { existsSync } from "node:fs";
import { join } from "node:path";
import { PlugctlError, usageError } from "../../core/errors.ts";
import type { InstallSource } from "../../core/installation.ts";
import { toContainerPlan } from "../../core/marketplace/container-plan.ts";
import { parseImageReference } from "../../core/marketplace/image-reference.ts";
import { formatSource } from "../../core/source.ts";
import type { CatalogueEntry } from "../../engine/catalogue/catalogue.ts";
import { readEntryFolder } from "../../engine/catalogue/entry-folder.ts";
import { openCatalogue } from "../../engine/catalogue/open.ts";
import type { EngineClient } from "../../engine/client.ts";
import { type Ingredients, recipeOfImage, recipeOfPlan } from "../../engine/recipe.ts";
import type { Connection } from "../adapter.ts";
import { findEntry } from "./catalogues.ts";
import { DEFAULT_USER } from "./workshop.ts";

export interface Wanted {
  source: InstallSource;
  /** Name to install it under. */
  name: string | undefined;
  build: boolean;
}

/** Reads what is to be installed. @throws NOT_FOUND, INVALID, USAGE, UNSUPPORTED for what no engine runs. */
export async function gatherIngredients(
  connection: Connection,
  client: EngineClient,
  wanted: Wanted,
): Promise<Ingredients> {
  const { source } = wanted;
  switch (source.type) {
    case "image":
      return fromImage(source.reference, wanted);
    case "path":
      return fromEntry(connection, client, await readEntryFolder(source.path), wanted);
    case "market": {
      const found = await findEntry(connection, source.name, source.version);
      // Without the version: an update looks for the newest.
      const origin: InstallSource = { type: "market", name: source.name };
      return fromEntry(connection, client, found, { ...wanted, source: origin });
    }
    case "git":
      return fromEntry(connection, client, await repositoryEntry(connection, source), wanted);
  }
}

function fromImage(reference: string, { name, build, source }: Wanted): Ingredients {
  if (build) {
    throw usageError("--build needs a folder or repository with a Dockerfile, and this is an image");
  }
  const recipe = recipeOfImage(reference);
  const { repository, tag } = parseImageReference(recipe.image);
  const last = repository.split("/").at(-1) ?? repository;
  return {
    recipe,
    provenance: {
      plugin: name ?? last.replaceAll(".", "-"),
      version: tag,
      origin: formatSource(source),
      manifestDigest: null,
      description: null,
    },
    copies: [],
    buildFolder: null,
    warnings: [],
  };
}

async function fromEntry(
  connection: Connection,
  client: EngineClient,
  found: CatalogueEntry,
  { name, build, source }: Wanted,
): Promise<Ingredients> {
  const { entry } = found;
  if (entry.kind !== "container") {
    throw new PlugctlError("UNSUPPORTED", `${entry.name} has no container that an engine could run`, {
      hint: 'a server keeps it as what it is: "plugctl serve", or a Thinger.io server ("plugctl target add NAME --kind container --thinger URL")',
      details: { plugin: entry.name, entryKind: entry.kind },
    });
  }
  const user = connection.container?.user ?? DEFAULT_USER;
  const host = connection.container?.host ?? (await engineHost(client));
  const plan = toContainerPlan(entry, { user, plugin: name, host });
  const folder = build || plan.copies.length > 0 ? await found.folder() : "";
  return {
    recipe: recipeOfPlan(plan, { built: build }),
    provenance: {
      plugin: plan.plugin,
      version: plan.version,
      origin: formatSource(source),
      manifestDigest: found.manifestDigest,
      description: entry.description,
    },
    copies: plan.copies.map((copy) => ({ copy, folder: join(folder, copy.from) })),
    buildFolder: build ? buildFolder(folder) : null,
    warnings: plan.warnings,
  };
}

/** Thinger's own build takes the folder `task`. */
function buildFolder(folder: string): string {
  const task = join(folder, "task");
  return existsSync(join(task, "Dockerfile")) ? task : folder;
}

/** Users reach a plugin where its engine is. */
async function engineHost(client: EngineClient): Promise<string> {
  const address = await client.address();
  return address.type === "socket" ? "localhost" : address.host;
}

async function repositoryEntry(
  connection: Connection,
  source: InstallSource & { type: "git" },
): Promise<CatalogueEntry> {
  const catalogue = await openCatalogue(formatSource(source), { cache: connection.cacheFolder, cwd: "/" });
  const { entries, problems } = await catalogue.list();
  const [only, ...others] = entries;
  if (only === undefined) {
    throw new PlugctlError("NOT_FOUND", `${source.url} holds no plugin.json that can be read`, {
      hint: problems[0],
    });
  }
  if (others.length === 0) return catalogue.entry(only.name);
  throw usageError(`${source.url} holds ${entries.length} plugins`, {
    hint: `name one by its folder: ${formatSource({ ...source, directory: only.directory ?? only.name })}`,
  });
}
