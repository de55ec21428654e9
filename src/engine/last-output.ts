import type { EngineScope } from "./containers.ts";
import { readLog } from "./logs.ts";
import type { Container } from "./schema.ts";

const LINES = 10;

/** The last lines that a container wrote, for the error about its end. */
export async function lastOutput(scope: EngineScope, container: Container): Promise<string[]> {
  const lines: string[] = [];
  const query = { name: container.Name, follow: false, tail: LINES };
  for await (const { text } of readLog(scope, query, container)) lines.push(text.slice(0, 500));
  return lines;
}
