import type { CommandMeta, OptionSpec } from "../commands/command.ts";
import { type Line, namesOf, spellingOf, splitOption } from "./line.ts";

export interface Candidate {
  value: string;
  description?: string | undefined;
  /** Of a plugin. */
  state?: string | undefined;
}

/** What a shell is to offer for the word at the cursor. */
export interface Suggestions {
  candidates: readonly Candidate[];
  /** Paths as well, which shells complete best themselves. */
  files: boolean;
}

/** Names that only configuration and targets know. Never fails: what cannot be had is left out. */
export interface Names {
  targets(): Promise<Candidate[]>;
  /** Plugins of one target, or of those that the line names, else of all. */
  plugins(target?: string): Promise<Candidate[]>;
}

const NOTHING: Suggestions = { candidates: [], files: false };
const FILES: Suggestions = { candidates: [], files: true };

/** What may stand where the cursor is; only what begins with what is there already. */
export async function suggest(line: Line, names: Names): Promise<Suggestions> {
  const { candidates, files } = await possible(line, names);
  return { candidates: candidates.filter(({ value }) => value.startsWith(line.current)), files };
}

function possible(line: Line, names: Names): Suggestions | Promise<Suggestions> {
  const { current, pending } = line;
  if (pending !== undefined) return valuesOf(pending, current, "", names);
  if (current.startsWith("-") && !line.onlyArguments) {
    const [name, value] = splitOption(current);
    if (value === undefined) return { candidates: optionNames(line), files: false };
    const spec = line.options.find((option) => spellingOf(option).long === name);
    return spec === undefined ? NOTHING : valuesOf(spec, value, `${name}=`, names);
  }
  if (line.entries !== undefined) return { candidates: commandNames(line), files: false };
  return argumentValues(line, names);
}

function commandNames({ entries = [], atStart, current }: Line): Candidate[] {
  const found = entries.flatMap((entry) => {
    const description = "commands" in entry ? entry.summary : entry.meta.summary;
    // An alias is of use to those who begin to type it; the others need not choose between two names of one thing.
    const shown = current === "" ? namesOf(entry).slice(0, 1) : namesOf(entry);
    return shown.map((value) => ({ value, description }));
  });
  return atStart ? [...found, { value: "help", description: "Show help for a command" }] : found;
}

function optionNames({ options, given, current }: Line): Candidate[] {
  return options
    .filter((spec) => !spec.hidden && (spec.repeatable || !given.has(spellingOf(spec).long)))
    .map((spec) => {
      const { short, long } = spellingOf(spec);
      return { value: short === current ? short : long, description: spec.description };
    });
}

async function argumentValues(line: Line, names: Names): Promise<Suggestions> {
  const { command, position, current } = line;
  if (command === undefined) return NOTHING;
  const spellings = Object.values(command.args ?? {}).map(([spelling]) => spelling);
  const takesMore = position < spellings.length || spellings.at(-1)?.includes("...") === true;
  if (!takesMore) return current === "" ? { candidates: ownOptions(line), files: false } : NOTHING;
  switch (command.completes) {
    case undefined:
      return NOTHING;
    case "file":
      return FILES;
    case "target":
      return { candidates: await names.targets(), files: false };
    case "plugin":
      return { candidates: inStates(await references(current, names), command), files: false };
    default:
      return { candidates: command.completes.map((value) => ({ value })), files: false };
  }
}

/** Where only options can follow, those of the command itself are shown without being asked for. */
function ownOptions(line: Line): Candidate[] {
  const own = new Set(Object.values(line.command?.options ?? {}).map((spec) => spellingOf(spec).long));
  return line.onlyArguments ? [] : optionNames(line).filter(({ value }) => own.has(value));
}

/** `name` and `target:` before a colon was typed, `target:name` after it. */
async function references(current: string, names: Names): Promise<Candidate[]> {
  const colon = current.indexOf(":");
  if (colon > 0) {
    const target = current.slice(0, colon);
    const plugins = await names.plugins(target);
    return plugins.map((plugin) => ({ ...plugin, value: `${target}:${plugin.value}` }));
  }
  const [targets, plugins] = await Promise.all([names.targets(), names.plugins()]);
  const byName = new Map(plugins.map((plugin) => [plugin.value, plugin]));
  return [
    ...byName.values(),
    ...targets.map(({ value, description }) => ({ value: `${value}:`, description })),
  ];
}

/** Without the plugins whose state leaves the command nothing to do. */
function inStates(candidates: Candidate[], { completesIn }: CommandMeta): Candidate[] {
  const states: readonly string[] | undefined = completesIn;
  return candidates.filter(({ state }) => state === undefined || states?.includes(state) !== false);
}

/** Values of an option. `prefix` is what stands before the value in the same word. */
async function valuesOf(
  spec: OptionSpec<unknown>,
  text: string,
  prefix: string,
  names: Names,
): Promise<Suggestions> {
  const { value } = spellingOf(spec);
  if (value === "file" || value === "dir") return FILES;
  const words =
    spec.completes === "target"
      ? await names.targets()
      : [...(spec.choices ?? []), ...(spec.completes ?? [])].map((word): Candidate => ({ value: word }));
  // In `a,b` each part is a value of its own.
  const comma = spec.repeatable || spec.completes === "target" ? text.lastIndexOf(",") + 1 : 0;
  const before = prefix + text.slice(0, comma);
  return {
    candidates: words.map((word) => ({ ...word, value: before + word.value })),
    files: false,
  };
}
