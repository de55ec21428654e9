import type { Entry } from "./entry.ts";
import type { PlanContext, PlannedToken } from "./plan.ts";
import { expand } from "./template.ts";

const TOKEN_PREFIX = "THINGER_TOKEN_";

/** Name of the variable that carries the token of an id. */
export const tokenVariable = (id: string) => TOKEN_PREFIX + id.toUpperCase();

/** The platform's variables of one installation: what templates may name, and what every container gets. */
export interface PlatformVariables {
  readonly values: ReadonlyMap<string, string>;
  readonly secrets: ReadonlySet<string>;
}

/** Name that the plugin is or will be installed under. */
export const installedName = (entry: Entry, context: PlanContext) => context.plugin ?? entry.name;

export function platformVariables(
  entry: Entry,
  tokens: readonly PlannedToken[],
  context: PlanContext,
): PlatformVariables {
  const values = new Map(Object.entries(context.platformEnv ?? {}));
  const secrets = new Set([...values.keys()].filter((name) => name.includes("TOKEN")));
  values
    .set("THINGER_HOST", context.host)
    .set("THINGER_USER", context.user)
    .set("THINGER_PLUGIN", installedName(entry, context))
    .set("THINGER_PLUGIN_VERSION", entry.version)
    .set("THINGER_HTTP_PORT", String(context.httpPort ?? 80))
    .set("THINGER_HTTP_SSL_PORT", String(context.httpsPort ?? 443));
  if (context.development === true) values.set("THINGER_PLUGIN_DEVELOPMENT", "1");
  for (const { id, variable } of tokens) {
    const token = context.tokens?.[id];
    if (token === undefined) continue;
    values.set(variable, token);
    secrets.add(variable);
  }
  return { values, secrets };
}

/** Expands texts of an entry, and says of each name that nobody knows where it stands. */
export class Expander {
  readonly #variables: PlatformVariables;
  readonly #warnings: string[];

  /** Warnings are added to the list that is given. */
  constructor(variables: PlatformVariables, warnings: string[]) {
    this.#variables = variables;
    this.#warnings = warnings;
  }

  /** @param path the member the text stands in. */
  expand(text: string, path: string): { text: string; secret: boolean } {
    const expansion = expand(text, this.#variables.values);
    for (const name of expansion.unknown) {
      this.#warnings.push(`${path}: nothing is known for ${name}, it is left as it is written`);
    }
    return { text: expansion.text, secret: expansion.used.some((name) => this.#variables.secrets.has(name)) };
  }
}

/** Precedence: the platform's variables, then the entry's, then the user's. The image's own come before them all. */
export function containerEnv(
  entry: Entry,
  variables: PlatformVariables,
  expander: Expander,
  settings: PlanContext["env"],
): { env: Record<string, string>; secrets: string[] } {
  const env = new Map(variables.values);
  const secrets = new Set(variables.secrets);
  for (const [name, value] of Object.entries(entry.file.task?.env ?? {})) {
    const { text, secret } = expander.expand(String(value), `task.env.${name}`);
    env.set(name, text);
    if (secret) secrets.add(name);
  }
  for (const [name, value] of Object.entries(settings ?? {})) {
    if (value === null) env.delete(name);
    else env.set(name, value);
  }
  return { env: Object.fromEntries(env), secrets: [...secrets].filter((name) => env.has(name)).sort() };
}
