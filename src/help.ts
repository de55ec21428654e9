import type { Help, Command as Parser } from "commander";
import { kindsWith } from "./adapters/index.ts";
import type { CommandMeta } from "./commands/command.ts";

const START = [
  ["plugctl serve", "run the backends of plugctl on this machine"],
  ["plugctl publish ./my-plugin", "publish a folder or tarball to a store"],
  ["plugctl list", "what there is, on every target"],
] as const;

/** Help of the program: examples, then commands by group, then the options that every command takes. */
export function programHelp(parser: Parser, help: Help): string {
  const width = help.helpWidth ?? 80;
  const groups = new Map<string, Parser[]>();
  for (const command of help.visibleCommands(parser)) {
    const title = command.helpGroup() || "Set up:";
    groups.set(title, [...(groups.get(title) ?? []), command]);
  }
  const column = Math.max(...help.visibleCommands(parser).map((command) => command.name().length));
  const commands = [...groups].map(([title, members]) =>
    section(
      title,
      members.map((command) =>
        help.formatItem(command.name(), column, command.summary() || command.description(), help),
      ),
    ),
  );
  return join([
    help.boxWrap(parser.description(), width),
    "Usage: plugctl <command> [arguments] [options]",
    section(
      "Examples:",
      START.map(([line, what]) => `  ${line.padEnd(28)}  ${what}`),
    ),
    ...commands,
    optionSection("Options of every command:", parser, help),
    "plugctl <command> --help says more of one command, docs/ of the rest.",
  ]);
}

/** Help of a group or a command: what it does, examples, usage, arguments, options. */
export function commandHelp(parser: Parser, help: Help, meta: CommandMeta | undefined): string {
  const subcommands = help.visibleCommands(parser);
  const args = help.visibleArguments(parser);
  const width = Math.max(0, ...[...args, ...subcommands].map((item) => item.name().length));
  const examples = (meta?.examples ?? []).flatMap(([what, line]) => [`  # ${what}`, `  ${line}`]);
  return join([
    help.boxWrap(help.commandDescription(parser), help.helpWidth ?? 80),
    section("Examples:", examples),
    `Usage: ${help.commandUsage(parser)}`,
    section(
      "Commands:",
      subcommands.map((command) => help.formatItem(command.name(), width, command.summary(), help)),
    ),
    section(
      "Arguments:",
      args.map((arg) => help.formatItem(arg.name(), width, arg.description, help)),
    ),
    optionSection("Options:", parser, help),
    meta?.capability === undefined
      ? ""
      : `Works on targets of kind: ${kindsWith(meta.capability).join(", ")}`,
    "Options of every command: plugctl --help",
  ]);
}

function optionSection(title: string, parser: Parser, help: Help): string {
  const options = help.visibleOptions(parser).filter((option) => option.long !== "--help");
  const width = Math.max(0, ...options.map((option) => option.flags.length));
  return section(
    title,
    options.map((option) => help.formatItem(option.flags, width, help.optionDescription(option), help)),
  );
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [title, ...lines].join("\n");
}

function join(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
