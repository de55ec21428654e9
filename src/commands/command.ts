import type { Capability } from "../core/capabilities.ts";
import type { PluginState } from "../core/plugin.ts";
import type { Host } from "../host.ts";
import type { Result } from "../output/result.ts";

/** An option as commander spells it, with how its text becomes a value. */
export interface OptionSpec<T> {
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  /** @throws Error whose message says what was expected. */
  readonly parse?: (text: string) => T;
  readonly repeatable?: boolean;
  /** Repeatable, but a comma is part of the value. */
  readonly whole?: boolean;
  readonly required?: boolean;
  readonly hidden?: boolean;
  /** What shells complete the value with besides `choices`; `<file>` and `<dir>` complete with paths anyway. */
  readonly completes?: "target" | readonly string[];
  /** Carries the value's type; never set. */
  readonly type?: T;
}

/** A switch. */
export const flag = (flags: string, description: string): OptionSpec<boolean | undefined> => ({
  flags,
  description,
});

export const text = (
  flags: string,
  description: string,
  more: { choices?: readonly string[] } = {},
): OptionSpec<string | undefined> => ({ flags, description, ...more });

/** An option without which the command makes no sense. */
export const requiredText = (
  flags: string,
  description: string,
  more: { choices?: readonly string[] } = {},
): OptionSpec<string> => ({ flags, description, required: true, ...more });

/** May be given several times, and takes commas. */
export const list = (
  flags: string,
  description: string,
  more: { completes?: readonly string[] } = {},
): OptionSpec<string[] | undefined> => ({
  flags,
  description,
  repeatable: true,
  ...more,
});

/** May be given several times; commas are part of the values. */
export const several = (flags: string, description: string): OptionSpec<string[] | undefined> => ({
  flags,
  description,
  repeatable: true,
  whole: true,
});

/** A list without which the command makes no sense. */
export const requiredList = (
  flags: string,
  description: string,
  more: { completes?: readonly string[] } = {},
): OptionSpec<string[]> => ({ flags, description, repeatable: true, required: true, ...more });

/** An option whose text means something else than itself. `parse` throws an error that says what it wants. */
export const parsed = <T>(
  flags: string,
  description: string,
  parse: (text: string) => T,
): OptionSpec<T | undefined> => ({ flags, description, parse });

export const integer = (
  flags: string,
  description: string,
  range: { min: number; max: number },
): OptionSpec<number | undefined> => ({
  flags,
  description,
  parse: (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= range.min && value <= range.max) return value;
    throw new Error(`must be a whole number from ${range.min} to ${range.max}`);
  },
});

/** Groups of the help page, in its order. */
export const COMMAND_GROUPS = {
  look: "Look",
  change: "Change",
  control: "Control",
  publish: "Publish",
  declare: "Declare",
  administer: "Administer",
  setup: "Set up",
} as const;

/**
 * What is known of a command without loading it: help, completion and parsing need no more. Imports types only.
 * Arguments are written as commander does: `<name>`, `[name]`, `<name...>`, `[name...]`.
 */
export interface CommandMeta {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** One sentence, imperative, no full stop. */
  readonly summary: string;
  readonly group?: keyof typeof COMMAND_GROUPS;
  readonly args?: Readonly<Record<string, readonly [spelling: string, description: string]>>;
  readonly options?: Readonly<Record<string, OptionSpec<unknown>>>;
  readonly examples?: readonly (readonly [what: string, command: string])[];
  /** The capability that a target must have; help names the kinds that do. */
  readonly capability?: Capability;
  /** What shells complete its arguments with: names of a kind, or these words. */
  readonly completes?: "plugin" | "target" | "file" | readonly string[];
  /** With `completes: "plugin"`: only plugins in one of these states are of use. */
  readonly completesIn?: readonly PluginState[];
}

/** Keeps the literal types of a definition, so that the handler's arguments and options are typed by it. */
export const defineCommand = <const M extends CommandMeta>(meta: M): M => meta;

type ArgumentValue<Spelling> = Spelling extends `${string}...>` | `${string}...]`
  ? string[]
  : Spelling extends `<${string}`
    ? string
    : string | undefined;

export type Arguments<M extends CommandMeta> = {
  [Name in keyof M["args"]]: M["args"][Name] extends readonly [infer Spelling, string]
    ? ArgumentValue<Spelling>
    : never;
};

export type Options<M extends CommandMeta> = {
  [Name in keyof M["options"]]: M["options"][Name] extends OptionSpec<infer T> ? T : never;
};

/** What a handler is called with. */
export interface Invocation<M extends CommandMeta> {
  args: Arguments<M>;
  options: Options<M>;
  host: Host;
}

/** The work of a command: asks for capabilities, returns what is to be shown. */
export type Handler<M extends CommandMeta> = (invocation: Invocation<M>) => Promise<Result | undefined>;

/** A command with its handler, loaded on first use. */
export interface Command {
  readonly meta: CommandMeta;
  readonly load: () => Promise<(invocation: Invocation<CommandMeta>) => Promise<Result | undefined>>;
}

/** A noun with its verbs, and with nouns that belong to it. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  /** Of a noun at the top, where the help page has groups. */
  readonly group?: keyof typeof COMMAND_GROUPS;
  readonly commands: readonly (Command | CommandGroup)[];
}

/** Ties a definition to the module whose `run` does the work. */
export function command<const M extends CommandMeta>(
  meta: M,
  load: () => Promise<{ run: Handler<M> }>,
): Command {
  return {
    meta,
    load: async () => {
      const { run } = await load();
      // The parser builds exactly the arguments and options that `meta` describes.
      return run as unknown as (invocation: Invocation<CommandMeta>) => Promise<Result | undefined>;
    },
  };
}
