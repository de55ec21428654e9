import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { load } from "js-yaml";
import * as z from "zod/mini";
import { invalidError, isPlugctlError } from "../../core/errors.ts";
import type { InstallSource } from "../../core/installation.ts";
import type { Kind } from "../../core/plugin.ts";
import { type ExportedPlugin, exportDocumentSchema } from "../../core/portability.ts";
import type { SettingsChange } from "../../core/settings.ts";
import { parseSource } from "../../core/source.ts";

/** A plugin as a document wants it. */
export interface DeclaredPlugin extends ExportedPlugin {
  from: InstallSource;
  settings: SettingsChange;
  /** Build the image from its source. */
  built: boolean;
}

export interface Declaration {
  kind: Kind;
  plugins: DeclaredPlugin[];
}

const settingsSchema = z.strictObject({
  env: z.optional(z.record(z.string(), z.nullable(z.string()))),
  volumes: z.optional(z.array(z.string())),
  ports: z.optional(z.array(z.string())),
  memoryBytes: z.optional(z.number()),
  cpus: z.optional(z.number()),
  pids: z.optional(z.number()),
  restart: z.optional(z.enum(["no", "always", "unless-stopped", "on-failure"])),
  replicas: z.optional(z.number()),
});

const moreSchema = z.looseObject({ settings: z.optional(settingsSchema), built: z.optional(z.boolean()) });

/**
 * Reads what `plugctl export` has written.
 * @param path absolute; `stdin` stands for it where it is given. Files that the document names are beside it.
 * @throws INVALID naming file and field.
 */
export async function readDeclaration(
  path: string,
  options: { label: string; text?: string | undefined; cwd: string },
): Promise<Declaration> {
  const { label } = options;
  const text =
    options.text ??
    (await readFile(path, "utf8").catch((cause) => {
      throw invalidError(`cannot read ${label}`, {
        cause,
        hint: "plugctl export --all -f FILE writes such a file",
      });
    }));
  let data: unknown;
  try {
    data = load(text);
  } catch (cause) {
    throw invalidError(`${label} is neither YAML nor JSON: ${(cause as Error).message.split("\n")[0]}`, {
      cause,
    });
  }
  const document = check(exportDocumentSchema, data, label, []);
  const folder = options.text === undefined ? dirname(path) : options.cwd;
  const names = document.plugins.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalidError(`${label}: ${twice} is in it twice`);
  return {
    kind: document.kind,
    plugins: document.plugins.map((plugin, index) => {
      const { settings = {}, built = false } = check(moreSchema, plugin, label, ["plugins", index]);
      // The schema has read exactly the fields of such a change.
      return {
        ...plugin,
        from: sourceOf(plugin, folder, label),
        settings: settings as SettingsChange,
        built,
      };
    }),
  };
}

function check<S extends z.ZodMiniType>(
  schema: S,
  data: unknown,
  label: string,
  at: readonly PropertyKey[],
): z.output<S> {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = [...at, ...(issue?.path ?? [])].join(".");
  throw invalidError(`${label}${field === "" ? "" : `: ${field}`}: ${issue?.message}`, {
    hint: "it has to be what plugctl export writes",
  });
}

function sourceOf({ name, source }: ExportedPlugin, folder: string, label: string): InstallSource {
  try {
    return parseSource(source, { targets: [], cwd: resolve(folder), isPluginFolder: () => false }).source;
  } catch (error) {
    if (!isPlugctlError(error)) throw error;
    throw invalidError(`${label}: source of ${name}: ${error.message}`, { cause: error, hint: error.hint });
  }
}
