import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { load, YAMLException } from "js-yaml";
import { configError } from "../core/errors.ts";
import { type ConfigData, configSchema } from "./schema.ts";

export type ConfigOrigin = "user" | "project";

/** One configuration file, checked. */
export interface ConfigFile {
  path: string;
  origin: ConfigOrigin;
  data: ConfigData;
}

/** Something that does not fit, by the keys that lead to it. */
interface Fault {
  keys: readonly string[];
  message: string;
}

/** Reads and checks one file; undefined when it does not exist. @throws CONFIG naming file, line and key. */
export async function readConfigFile(path: string, origin: ConfigOrigin): Promise<ConfigFile | undefined> {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw configError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  return parseConfigFile(path, content, origin);
}

/** Checks the text of a file: YAML, of which JSON is a part. In a `package.json` it is the key `plugctl`. */
export async function parseConfigFile(
  path: string,
  content: string,
  origin: ConfigOrigin,
): Promise<ConfigFile> {
  const root = basename(path) === "package.json" ? ["plugctl"] : [];
  const raw = parseYaml(path, content);
  const value = root.length > 0 ? settingsOf((raw as Record<string, unknown>).plugctl ?? {}) : raw;
  const checked = configSchema.safeParse(value);
  const faults: Fault[] = checked.success
    ? origin === "project"
      ? credentialFaults(checked.data)
      : []
    : checked.error.issues.map((issue) => ({
        keys: [...issue.path.map(String), ...("keys" in issue ? issue.keys.slice(0, 1) : [])],
        message: issue.message,
      }));
  if (checked.success && faults.length === 0) return { path, origin, data: checked.data };
  const { locateKeys } = await import("./locate-keys.ts");
  const found = faults.map(({ keys, message }) => ({
    line: locateKeys(content, [...root, ...keys]),
    path: keys.join("."),
    message,
  }));
  const [first] = found;
  throw configError(`${path}:${first?.line}: ${first?.path || "(top)"}: ${first?.message}`, {
    hint: "docs/configuration.md lists the keys; plugctl config path prints where the files are",
    details: { file: path, faults: found },
  });
}

function parseYaml(path: string, content: string): unknown {
  // js-yaml takes an empty text for an error, and a file with nothing but comments is a configuration too.
  if (content.replace(/^\s*#.*$/gm, "").trim() === "") return {};
  try {
    return load(content) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw configError(`${path}:${(error.mark?.line ?? 0) + 1}: ${error.reason}`, {
      hint: "correct the file; YAML and JSON are accepted",
    });
  }
}

/** The members of the key `plugctl` of a package.json that are ours; a plugin's manifest has others there. */
function settingsOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key in configSchema.shape));
}

/** A cloned repository must not make plugctl run a command, or send a secret of the user's elsewhere. */
function credentialFaults(data: ConfigData): Fault[] {
  return Object.entries(data.targets ?? {}).flatMap(([name, { credential, deb, kafka }]) => [
    ...(credential === undefined
      ? []
      : [
          {
            keys: ["targets", name, "credential"],
            message: "a project file may not say where credentials come from",
          },
        ]),
    ...Object.entries({ deb, kafka }).flatMap(([kind, settings]) =>
      Object.keys(settings ?? {}).map((key) => ({
        keys: ["targets", name, kind, key],
        message: "a project file may not say where credentials are sent",
      })),
    ),
  ]);
}
