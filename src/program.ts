import { Argument, CommanderError, InvalidArgumentError, Option, Command as Parser } from "commander";
import { kindsWith } from "./adapters/index.ts";
import {
  COMMAND_GROUPS,
  type Command,
  type CommandGroup,
  type CommandMeta,
  type OptionSpec,
} from "./commands/command.ts";
import { COMMANDS } from "./commands/index.ts";
import type { GlobalFlags } from "./config/settings.ts";
import { usageError } from "./core/errors.ts";
import type { Terminal } from "./output/terminal.ts";

/** A command line that was understood: what to run, with what. */
export interface ParsedRun {
  command: Command;
  args: Record<string, never>;
  options: Record<string, never>;
  flags: GlobalFlags;
}

const GLOBAL_OPTIONS: readonly Option[] = [
  new Option("-t, --target <name>", "target to act on (several for commands that look at many: a,b)"),
  new Option("-o, --output <format>", "format of the result: table, json, jsonl, yaml or name"),
  new Option("--fields <names>", "only these fields, in this order (a,b)"),
  new Option("-q, --quiet", "no messages; lists print names only"),
  new Option("-v, --verbose", "show steps, calls and causes"),
  new Option("--no-color", "no colour (also NO_COLOR)"),
  new Option("-y, --yes", "answer every confirmation with yes"),
  new Option("--no-input", "never ask; a missing value is an error"),
  new Option("--timeout <duration>", "limit of one call to a target (30s, 5m)"),
  new Option("--config-dir <dir>", "where configuration and credentials are kept"),
];

const START_HELP = `
Examples:
  plugctl serve                              run all backends of plugctl here
  plugctl publish ./my-plugin                publish a folder or tarball to a store
  plugctl list                               what there is, on every target

Learn more: plugctl <command> --help, plugctl demo, and docs/ in the package
`;

/**
 * Parses a command line. Undefined when all was said by printing help or the version.
 * @throws USAGE for what cannot be understood, with the nearest word as the hint.
 */
export async function buildProgram(
  argv: readonly string[],
  io: { terminal: Terminal; version: string },
): Promise<ParsedRun | undefined> {
  let parsed: ParsedRun | undefined;
  let printed = "";
  const program = configure(new Parser("plugctl"), (text) => {
    printed += text;
  });
  program
    .description("One command and one light server for the four ways in which platforms run plugins")
    .version(io.version, "-V, --version", "print the version")
    .helpCommand("help [command]", "show help for a command")
    .addHelpText("after", START_HELP)
    .action(() => program.help());
  for (const option of GLOBAL_OPTIONS) program.addOption(option);
  for (const entry of COMMANDS) {
    if ("commands" in entry) addGroup(program, entry, accept);
    else addCommand(program, entry, accept);
  }

  function accept(command: Command, args: Record<string, never>, options: Record<string, never>) {
    parsed = { command, args, options, flags: givenFlags(program) };
  }

  try {
    await program.parseAsync(argv as string[], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0 || error.code === "commander.help") {
      await io.terminal.print(printed);
      return undefined;
    }
    throw toUsageError(error);
  }
  return parsed;
}

/** True when errors are to be JSON: decided from the raw words, since they may not have parsed. */
export function wantsJson(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  flags: GlobalFlags | undefined,
): boolean {
  const output =
    flags?.output ??
    argv.flatMap((word, index) => {
      if (word === "-o" || word === "--output") return argv[index + 1] ?? [];
      return /^(?:-o|--output=)(.+)$/.exec(word)?.[1] ?? [];
    })[0] ??
    env.PLUGCTL_OUTPUT;
  return output === "json" || output === "jsonl";
}

type Accept = (command: Command, args: Record<string, never>, options: Record<string, never>) => void;

/** Settings that every (sub)command needs, since commander does not inherit all of them. */
function configure(parser: Parser, print: (text: string) => void): Parser {
  return parser
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {}, outputError: () => {} })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false);
}

function addGroup(program: Parser, group: CommandGroup, accept: Accept): void {
  const parser = program
    .command(group.name)
    .copyInheritedSettings(program)
    .summary(group.summary)
    .description(`${group.summary}.`)
    .helpGroup(`${COMMAND_GROUPS[group.group]}:`)
    .helpCommand(false);
  parser.action((...received: unknown[]) => {
    const words = (received.at(-1) as Parser).args;
    if (words.length === 0) parser.help();
  });
  parser.allowExcessArguments(true);
  parser.hook("preAction", (_this, action) => {
    const [word] = action.args;
    if (action !== parser || word === undefined) return;
    throw usageError(`"${group.name}" has no command "${word}"`, {
      hint: `commands: ${group.commands.map(({ meta }) => meta.name).join(", ")}`,
    });
  });
  for (const command of group.commands) addCommand(parser, command, accept);
}

function addCommand(parent: Parser, command: Command, accept: Accept): void {
  const { meta } = command;
  const parser = parent
    .command(meta.name)
    .copyInheritedSettings(parent)
    .allowExcessArguments(false)
    .aliases([...(meta.aliases ?? [])])
    .summary(meta.summary)
    .description(`${meta.summary}.`);
  if (meta.group !== undefined) parser.helpGroup(`${COMMAND_GROUPS[meta.group]}:`);
  const argNames = Object.keys(meta.args ?? {});
  for (const [spelling, description] of Object.values(meta.args ?? {})) {
    parser.addArgument(new Argument(spelling, description));
  }
  for (const spec of Object.values(meta.options ?? {})) parser.addOption(toOption(spec));
  parser.addHelpText("after", () => helpNotes(meta));
  parser.action((...received: unknown[]) => {
    const args = Object.fromEntries(argNames.map((name, index) => [name, received[index]]));
    const given = parser.opts() as Record<string, unknown>;
    const options = Object.fromEntries(
      Object.entries(meta.options ?? {}).map(([name, spec]) => [name, given[toOption(spec).attributeName()]]),
    );
    accept(command, args as Record<string, never>, options as Record<string, never>);
  });
}

function toOption(spec: OptionSpec<unknown>): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.required) option.makeOptionMandatory();
  if (spec.hidden) option.hideHelp();
  const { parse } = spec;
  if (parse !== undefined) {
    option.argParser((value) => {
      try {
        return parse(value);
      } catch (error) {
        throw new InvalidArgumentError((error as Error).message);
      }
    });
  }
  if (spec.repeatable) {
    option.argParser((value, before: string[] | undefined) => [
      ...(before ?? []),
      ...value.split(",").filter((word) => word !== ""),
    ]);
  }
  return option;
}

function helpNotes(meta: CommandMeta): string {
  const lines: string[] = [];
  if (meta.examples !== undefined) {
    lines.push("", "Examples:");
    for (const [what, line] of meta.examples) lines.push(`  # ${what}`, `  ${line}`);
  }
  if (meta.capability !== undefined)
    lines.push("", `Works on targets of kind: ${kindsWith(meta.capability).join(", ")}`);
  return lines.length > 0 ? lines.join("\n") : "";
}

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
    .replace(/^\(|\)$/g, "");
  return usageError(first.replace(/\.$/, ""), { hint: suggestion || "plugctl --help lists the commands" });
}
