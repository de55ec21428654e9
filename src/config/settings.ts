import { usageError } from "../core/errors.ts";
import { parseDuration } from "./duration.ts";
import type { ConfigFile } from "./file.ts";
import type { ConfigData } from "./schema.ts";

/** The settings of one run, after flag > environment > project file > user file > default. */
export interface Settings {
  /** Named for this run by flag or environment. */
  target: readonly string[];
  /** Named by a configuration file; used where it has what the command needs. */
  defaultTarget: string | undefined;
  output: "table" | "json" | "jsonl" | "yaml" | "name";
  fields: readonly string[] | undefined;
  quiet: boolean;
  verbose: boolean;
  color: "auto" | "always" | "never";
  yes: boolean;
  input: boolean;
  /** For one call to a target, in ms. */
  timeoutMs: number;
}

export type SettingOrigin = "flag" | "environment" | "project" | "user" | "default";

/** One setting with where its value comes from, for `config show`. */
export interface ShownSetting {
  key: string;
  value: unknown;
  origin: SettingOrigin;
  /** The flag, variable or file. */
  source: string;
}

type SettingKey =
  | "target"
  | "output"
  | "fields"
  | "quiet"
  | "verbose"
  | "color"
  | "yes"
  | "input"
  | "timeout";

interface SettingSpec {
  key: SettingKey;
  variable: string;
  fallback: unknown;
  parse: (text: string) => unknown;
  /** Also a key of the configuration files. */
  inFiles?: true;
}

const words = (text: string) =>
  text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");

const truth = (text: string) => {
  if (["1", "true", "yes", "on"].includes(text.toLowerCase())) return true;
  if (["", "0", "false", "no", "off"].includes(text.toLowerCase())) return false;
  throw usageError("must be 1 or 0");
};

const oneOf =
  (...values: string[]) =>
  (text: string) => {
    if (values.includes(text)) return text;
    throw usageError(`must be one of ${values.join(", ")}`);
  };

const duration = (text: string) => {
  const ms = parseDuration(text);
  if (ms === undefined) throw usageError("must be a duration such as 30s or 5m");
  return ms;
};

const SPECS: readonly SettingSpec[] = [
  { key: "target", variable: "PLUGCTL_TARGET", fallback: [], parse: words, inFiles: true },
  {
    key: "output",
    variable: "PLUGCTL_OUTPUT",
    fallback: "table",
    parse: oneOf("table", "json", "jsonl", "yaml", "name"),
    inFiles: true,
  },
  { key: "fields", variable: "PLUGCTL_FIELDS", fallback: undefined, parse: words },
  {
    key: "color",
    variable: "PLUGCTL_COLOR",
    fallback: "auto",
    parse: oneOf("auto", "always", "never"),
    inFiles: true,
  },
  { key: "timeout", variable: "PLUGCTL_TIMEOUT", fallback: 30_000, parse: duration, inFiles: true },
  { key: "quiet", variable: "PLUGCTL_QUIET", fallback: false, parse: truth },
  { key: "verbose", variable: "PLUGCTL_VERBOSE", fallback: false, parse: truth },
  { key: "yes", variable: "PLUGCTL_YES", fallback: false, parse: truth },
  { key: "input", variable: "PLUGCTL_INPUT", fallback: true, parse: truth },
];

/** The global flags as commander parsed them; all text or true/false. */
export type GlobalFlags = Readonly<Partial<Record<SettingKey | "configDir", string | boolean>>>;

/** Where settings come from besides the configuration files. */
export interface SettingSources {
  flags: GlobalFlags;
  env: NodeJS.ProcessEnv;
  /** Project first, then user. */
  files: readonly ConfigFile[];
}

/** Every setting with its winner. @throws USAGE for a flag or variable whose value does not fit. */
export function explainSettings(sources: SettingSources): ShownSetting[] {
  return SPECS.map((spec) => winner(spec, sources));
}

export function resolveSettings(sources: SettingSources): Settings {
  const explained = explainSettings(sources);
  const { timeout, target, ...rest } = Object.fromEntries(
    explained.map(({ key, value }) => [key, value]),
  ) as Record<string, unknown>;
  const named = target as string[];
  const origin = explained.find(({ key }) => key === "target")?.origin;
  const ofThisRun = origin === "flag" || origin === "environment";
  return {
    ...rest,
    timeoutMs: timeout,
    target: ofThisRun ? named : [],
    defaultTarget: ofThisRun ? undefined : named[0],
  } as unknown as Settings;
}

function winner(spec: SettingSpec, { flags, env, files }: SettingSources): ShownSetting {
  const flag = flags[spec.key];
  if (flag !== undefined) {
    const source = `--${spec.key}`;
    return { key: spec.key, value: parsed(spec, flag, source), origin: "flag", source };
  }
  const variable = readVariable(spec, env);
  if (variable !== undefined) {
    return {
      key: spec.key,
      value: parsed(spec, variable.text, variable.name),
      origin: "environment",
      source: variable.name,
    };
  }
  if (spec.inFiles) {
    for (const file of files) {
      const value = file.data[spec.key as keyof ConfigData];
      if (typeof value !== "string") continue;
      return { key: spec.key, value: spec.parse(value), origin: file.origin, source: file.path };
    }
  }
  return { key: spec.key, value: spec.fallback, origin: "default", source: "default" };
}

/** A variable of the setting's; for switches also the `NO_` twin of a `--no-x` flag. Empty counts as not set. */
function readVariable(spec: SettingSpec, env: NodeJS.ProcessEnv): { name: string; text: string } | undefined {
  const text = env[spec.variable];
  if (text !== undefined && text !== "") return { name: spec.variable, text };
  const negative = `PLUGCTL_NO_${spec.key.toUpperCase()}`;
  const negated = env[negative];
  if (negated === undefined || negated === "" || !["input", "color"].includes(spec.key)) return undefined;
  if (spec.key === "color") return truth(negated) ? { name: negative, text: "never" } : undefined;
  return { name: negative, text: truth(negated) ? "0" : "1" };
}

function parsed(spec: SettingSpec, value: string | boolean, source: string): unknown {
  if (typeof value === "boolean") return spec.key === "color" ? (value ? "always" : "never") : value;
  try {
    return spec.parse(value);
  } catch (error) {
    throw usageError(`${source}: "${value}" ${(error as Error).message}`);
  }
}
