import { Argument, CommanderError, Option, Command as Parser } from "commander";
import { COMMAND_GROUPS, type Command, type CommandGroup, type OptionSpec } from "./commands/command.ts";
import { GLOBAL_OPTIONS } from "./commands/global-options.ts";
import { COMMANDS } from "./commands/index.ts";
import type { GlobalFlags } from "./config/settings.ts";
import { usageError } from "./core/errors.ts";
import { commandHelp, programHelp } from "./help.ts";
import type { Terminal } from "./output/terminal.ts";

/** A command line that was understood: what to run, with what. */
export interface ParsedRun {
  command: Command;
  args: Record<string, never>;
  options: Record<string, never>;
  flags: GlobalFlags;
}

/**
 * Parses a command line. Undefined when all was said by printing help or the version.
 * @throws USAGE for what cannot be understood, with the nearest word as the hint.
 */
export async function parseCommandLine(
  words: readonly string[],
  io: { terminal: Terminal; version: string },
): Promise<ParsedRun | undefined> {
  const argv = withHelpFlag(words);
  let parsed: ParsedRun | undefined;
  let printed = "";
  const program = configure(new Parser("plugctl"), (text) => {
    printed += text;
  });
  program
    .description("One command and one light server for the four ways in which platforms run plugins")
    .version(io.version, "-V, --version", "print the version")
    .helpCommand("help [command...]", "Show help for a command")
    .configureHelp({ formatHelp: programHelp });
  for (const spec of GLOBAL_OPTIONS) program.addOption(toOption(spec));
  for (const entry of mentioned(argv)) {
    addEntry(program, entry, accept);
  }

  function accept(command: Command, args: Record<string, never>, options: Record<string, never>) {
    parsed = { command, args, options, flags: givenFlags(program) };
  }

  try {
    await program.parseAsync(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || (error.code === "commander.help" && printed !== "")) {
      await io.terminal.print(printed);
      return undefined;
    }
    throw toUsageError(error);
  }
  return parsed;
}

/** `help` takes the words of a command, however many there are, which the parser's own does not. */
const withHelpFlag = ([first, ...rest]: readonly string[]): readonly string[] =>
  first === "help" && rest.length > 0 ? [...rest, "--help"] : first === undefined ? [] : [first, ...rest];

/** True when errors are to be JSON: decided from the raw words, since they may not have parsed. */
export function wantsJson(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  flags: GlobalFlags | undefined,
): boolean {
  const words = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  const output =
    flags?.output ??
    words.flatMap((word, index) => {
      if (word === "-o" || word === "--output") return words[index + 1] ?? [];
      return /^(?:-o|--output=)(.+)$/.exec(word)?.[1] ?? [];
    })[0] ??
    env.PLUGCTL_OUTPUT;
  return output === "json" || output === "jsonl";
}

type Accept = (command: Command, args: Record<string, never>, options: Record<string, never>) => void;

/** The commands that a command line may mean; all of them when it names none, or asks for help. */
function mentioned(argv: readonly string[]): readonly (Command | CommandGroup)[] {
  if (argv.includes("help")) return COMMANDS;
  const named = COMMANDS.filter((entry) => {
    const names = "commands" in entry ? [entry.name] : [entry.meta.name, ...(entry.meta.aliases ?? [])];
    return names.some((name) => argv.includes(name));
  });
  return named.length > 0 ? named : COMMANDS;
}

/** Settings that every (sub)command needs, since commander does not inherit all of them. */
function configure(parser: Parser, print: (text: string) => void): Parser {
  return parser
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: print, outputError: () => {} })
    .configureHelp({ formatHelp: (command, help) => commandHelp(command, help, undefined) })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
}

function addEntry(parent: Parser, entry: Command | CommandGroup, accept: Accept): void {
  if ("commands" in entry) addGroup(parent, entry, accept);
  else addCommand(parent, entry, accept);
}

function addGroup(parent: Parser, group: CommandGroup, accept: Accept): void {
  const parser = parent
    .command(group.name)
    .copyInheritedSettings(parent)
    .summary(group.summary)
    .description(`${group.summary}.`)
    .configureHelp({ formatHelp: (command, help) => commandHelp(command, help, undefined) })
    .helpCommand(false);
  if (group.group !== undefined) parser.helpGroup(`${COMMAND_GROUPS[group.group]}:`);
  for (const entry of group.commands) addEntry(parser, entry, accept);
}

function addCommand(parent: Parser, command: Command, accept: Accept): void {
  const { meta } = command;
  const parser = parent
    .command(meta.name)
    .copyInheritedSettings(parent)
    .allowExcessArguments(false)
    .aliases([...(meta.aliases ?? [])])
    .summary(meta.summary)
    .description(`${meta.summary}.`)
    .configureHelp({ formatHelp: (shown, help) => commandHelp(shown, help, meta) });
  if (meta.group !== undefined) parser.helpGroup(`${COMMAND_GROUPS[meta.group]}:`);
  const argNames = Object.keys(meta.args ?? {});
  for (const [spelling, description] of Object.values(meta.args ?? {})) {
    parser.addArgument(new Argument(spelling, description));
  }
  for (const spec of Object.values(meta.options ?? {})) parser.addOption(toOption(spec));
  parser.action((...received: unknown[]) => {
    const args = Object.fromEntries(argNames.map((name, index) => [name, received[index]]));
    const given = parser.opts() as Record<string, unknown>;
    const options = Object.fromEntries(
      Object.entries(meta.options ?? {}).map(([name, spec]) => [
        name,
        claimGlobal(parser, spec) ?? given[toOption(spec).attributeName()],
      ]),
    );
    accept(command, args as Record<string, never>, options as Record<string, never>);
  });
}

/**
 * An option that a command spells like a global one is the command's own: the parser, which gives it to the program,
 * is relieved of it here. @throws USAGE for a value that does not fit.
 */
function claimGlobal(parser: Parser, spec: OptionSpec<unknown>): unknown {
  let program = parser;
  while (program.parent !== null) program = program.parent;
  const key = toOption(spec).attributeName();
  if (program.getOptionValueSource(key) !== "cli") return undefined;
  const value = program.getOptionValue(key);
  program.setOptionValueWithSource(key, undefined, "default");
  try {
    return typeof value === "string" && spec.parse !== undefined ? spec.parse(value) : value;
  } catch (error) {
    throw usageError(`${spec.flags}: "${value}" ${(error as Error).message}`);
  }
}

function toOption(spec: OptionSpec<unknown>): Option {
  const option = new Option(spec.flags, spec.description);
  const { choices } = spec;
  if (choices !== undefined) option.choices([...choices]);
  if (spec.required) option.makeOptionMandatory();
  if (spec.hidden) option.hideHelp();
  const parse = spec.parse ?? (choices === undefined ? undefined : oneOf(choices));
  if (parse !== undefined) {
    option.argParser((value) => {
      try {
        return parse(value);
      } catch (error) {
        throw usageError(`${option.long}: "${value}" ${(error as Error).message}`);
      }
    });
  }
  if (spec.repeatable) {
    const known = Array.isArray(spec.completes) ? spec.completes : undefined;
    option.argParser((value, before: string[] | undefined) => {
      const words = spec.whole ? [value] : value.split(",").filter((word) => word !== "");
      const unknown = words.find((word) => known?.includes(word) === false);
      if (unknown !== undefined) {
        throw usageError(`${option.long}: "${unknown}" is none of ${known?.join(", ")}`);
      }
      return [...(before ?? []), ...words];
    });
  }
  return option;
}

const oneOf = (choices: readonly string[]) => (value: string) => {
  if (choices.includes(value)) return value;
  throw new Error(`must be one of ${choices.join(", ")}`);
};

/** Only what was written on the command line: defaults and the environment are the settings' business. */
function givenFlags(program: Parser): GlobalFlags {
  const values = program.opts() as Record<string, string | boolean>;
  return Object.fromEntries(
    Object.entries(values).filter(([key]) => program.getOptionValueSource(key) === "cli"),
  ) as GlobalFlags;
}

function toUsageError(error: CommanderError) {
  const [first = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest
    .join(" ")
    .trim()
    .replace(/^\(|\)$/g, "")
    .replace(/^Did/, "did");
  const help =
    error.code === "commander.unknownCommand"
      ? "plugctl --help lists the commands"
      : "add --help to see what the command takes";
  return usageError(first.replace(/\.$/, ""), { hint: suggestion || help });
}
