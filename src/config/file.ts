import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Document, LineCounter, parseDocument } from "yaml";
import { configError } from "../core/errors.ts";
import { type ConfigData, configSchema } from "./schema.ts";

export type ConfigOrigin = "user" | "project";

/** One configuration file, checked. `document` keeps comments and order for edits. */
export interface ConfigFile {
  path: string;
  origin: ConfigOrigin;
  data: ConfigData;
  document: Document;
}

/** Reads and checks one file; undefined when it does not exist. @throws CONFIG naming file, line and key. */
export function readConfigFile(path: string, origin: ConfigOrigin): ConfigFile | undefined {
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
export function parseConfigFile(path: string, content: string, origin: ConfigOrigin): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors[0];
  if (syntax !== undefined) {
    throw configError(`${path}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message}`, {
      hint: "correct the file; YAML and JSON are accepted",
    });
  }
  const root = basename(path) === "package.json" ? ["plugctl"] : [];
  const raw: unknown = document.toJS() ?? {};
  const value = root.length > 0 ? settingsOf((raw as Record<string, unknown>).plugctl ?? {}) : raw;
  const checked = configSchema.safeParse(value);
  if (!checked.success) {
    const faults = checked.error.issues.map((issue) => {
      const keys = [...root, ...issue.path.map(String), ...("keys" in issue ? issue.keys.slice(0, 1) : [])];
      return {
        line: lineOf(document, lines, keys),
        path: keys.slice(root.length).join("."),
        message: issue.message,
      };
    });
    throw faultError(path, faults);
  }
  if (origin === "project") {
    for (const [name, target] of Object.entries(checked.data.targets ?? {})) {
      if (target.credential === undefined) continue;
      const keys = [...root, "targets", name, "credential"];
      // A cloned repository must not make plugctl run a command or send a secret of the user's elsewhere.
      throw faultError(path, [
        {
          line: lineOf(document, lines, keys),
          path: keys.slice(root.length).join("."),
          message: "a project file may not say where credentials come from",
        },
      ]);
    }
  }
  return { path, origin, data: checked.data, document };
}

/** The members of the key `plugctl` of a package.json that are ours; a plugin's manifest has others there. */
function settingsOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => key in configSchema.shape));
}

function faultError(path: string, faults: { line: number; path: string; message: string }[]) {
  const [first] = faults;
  return configError(`${path}:${first?.line}: ${first?.path || "(top)"}: ${first?.message}`, {
    hint: "plugctl config show prints every setting with its origin; docs/configuration.md lists the keys",
    details: { file: path, faults },
  });
}

/** The line of the deepest part of a key path that the document really has. */
function lineOf(document: Document, lines: LineCounter, keys: readonly string[]): number {
  for (let depth = keys.length; depth > 0; depth -= 1) {
    const parent = depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    const items = (
      parent as { items?: { key?: { value?: unknown; range?: [number, number, number] } }[] } | null
    )?.items;
    const pair = items?.find((item) => String(item.key?.value) === keys[depth - 1]);
    if (pair?.key?.range !== undefined) return lines.linePos(pair.key.range[0]).line;
  }
  return 1;
}
