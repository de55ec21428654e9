import { COMMANDS } from "../commands/index.ts";
import { type Line, readLine } from "./line.ts";
import { formatSuggestions } from "./protocol.ts";
import { type Names, suggest } from "./suggest.ts";

export interface CompletionInput {
  env: NodeJS.ProcessEnv;
  cwd: string;
  now: () => Date;
}

/**
 * Answers `plugctl complete -- <words>`: the words after the program's name up to the cursor, the last one as far as
 * it is typed. Configuration is read, and targets are asked, only where their names are wanted. Never fails.
 */
export async function answer(words: readonly string[], input: CompletionInput): Promise<string> {
  const line = readLine(words, COMMANDS);
  if (line === undefined) return formatSuggestions({ candidates: [], files: false });
  return formatSuggestions(await suggest(line, lazyNames(line, input)));
}

function lazyNames({ given }: Line, input: CompletionInput): Names {
  const flags = {
    ...(given.get("--target") === undefined ? {} : { target: given.get("--target") as string }),
    ...(given.get("--config-dir") === undefined ? {} : { configDir: given.get("--config-dir") as string }),
  };
  const names = async () => (await import("./names.ts")).createNames({ ...input, flags });
  return {
    targets: async () => (await names()).targets(),
    plugins: async (target) => (await names()).plugins(target),
  };
}
