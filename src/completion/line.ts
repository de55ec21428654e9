import type { Command, CommandGroup, CommandMeta, OptionSpec } from "../commands/command.ts";
import { flag } from "../commands/command.ts";
import { GLOBAL_OPTIONS } from "../commands/global-options.ts";

/** How an option is spelled. */
export interface Spelling {
  short: string | undefined;
  long: string;
  /** Name of its value, or undefined for a switch. */
  value: string | undefined;
}

/** Takes `-t, --target <name>` apart. */
export function spellingOf({ flags }: OptionSpec<unknown>): Spelling {
  return {
    short: /^-\w\b/.exec(flags)?.[0],
    long: /--[\w-]+/.exec(flags)?.[0] ?? "",
    value: /<(.+?)(?:\.\.\.)?>/.exec(flags)?.[1],
  };
}

/** A command line up to the cursor: where the word that is being typed stands. */
export interface Line {
  /** What the word may name: commands of the program or of a group; undefined once a command is known. */
  entries: readonly (Command | CommandGroup)[] | undefined;
  /** The word stands at the very beginning, where `help` may as well. */
  atStart: boolean;
  command: CommandMeta | undefined;
  /** How many arguments of the command's stand before the word. */
  position: number;
  options: readonly OptionSpec<unknown>[];
  /** Long names of the options that were given. */
  given: ReadonlyMap<string, string | undefined>;
  /** The option whose value the word is. */
  pending: OptionSpec<unknown> | undefined;
  /** After `--`, nothing is an option. */
  onlyArguments: boolean;
  /** The word itself; empty after a space. */
  current: string;
}

const HELP = flag("-h, --help", "show help");

/**
 * Reads the words before the cursor as the parser would, but takes what it does not know in its stride. Undefined
 * when they name no command, so that nothing can be said.
 */
export function readLine(
  words: readonly string[],
  commands: readonly (Command | CommandGroup)[],
): Line | undefined {
  const given = new Map<string, string | undefined>();
  const line: Line = {
    entries: commands,
    atStart: true,
    command: undefined,
    position: 0,
    options: [...GLOBAL_OPTIONS, HELP],
    given,
    pending: undefined,
    onlyArguments: false,
    current: words.at(-1) ?? "",
  };
  let helping = false;
  for (const word of words.slice(0, -1)) {
    if (line.pending !== undefined) {
      given.set(spellingOf(line.pending).long, word);
      line.pending = undefined;
    } else if (word === "--") {
      line.onlyArguments = true;
    } else if (!line.onlyArguments && word.startsWith("-") && word !== "-") {
      readOption(line, given, word);
    } else if (line.entries === undefined) {
      line.position += 1;
    } else if (line.atStart && word === "help") {
      helping = true;
      line.atStart = false;
    } else if (!enter(line, word, helping)) {
      return undefined;
    }
  }
  return line;
}

function readOption(line: Line, given: Map<string, string | undefined>, word: string): void {
  const [name, inline] = splitOption(word);
  const spec = line.options.find((option) => {
    const { short, long } = spellingOf(option);
    return short === name || long === name;
  });
  if (spec === undefined) return;
  const { long, value } = spellingOf(spec);
  given.set(long, inline);
  if (value !== undefined && inline === undefined) line.pending = spec;
}

/** `--name=value` in two. */
export function splitOption(word: string): [name: string, value: string | undefined] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, undefined] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** Goes into the group or command that a word names. False when it names none. */
function enter(line: Line, word: string, helping: boolean): boolean {
  const found = line.entries?.find((entry) => namesOf(entry).includes(word));
  if (found === undefined) return false;
  line.atStart = false;
  if ("commands" in found) {
    line.entries = found.commands;
    return true;
  }
  line.entries = undefined;
  if (helping) line.options = [];
  else {
    line.command = found.meta;
    line.options = [...Object.values(found.meta.options ?? {}), ...line.options];
  }
  return true;
}

/** The names that a command or group answers to, the proper one first. */
export function namesOf(entry: Command | CommandGroup): readonly string[] {
  return "commands" in entry ? [entry.name] : [entry.meta.name, ...(entry.meta.aliases ?? [])];
}
