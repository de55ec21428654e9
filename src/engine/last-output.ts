import { setTimeout as sleep } from "node:timers/promises";
import type { EngineScope } from "./containers.ts";
import { readLog } from "./logs.ts";
import type { Container } from "./schema.ts";

const LINES = 10;
/** A busy engine tells of a program's end before it has written down what the program printed. */
const PATIENCE_MS = 1_500;
const LOOK_AGAIN_MS = 150;

/** The last lines that a container wrote, for the error about its end. */
export async function lastOutput(scope: EngineScope, container: Container): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const lines = await readLastLines(scope, container);
    if (lines.length > 0 || container.State.Status === "running" || Date.now() > deadline) return lines;
    await sleep(LOOK_AGAIN_MS, undefined, { signal: scope.client.signal });
  }
}

async function readLastLines(scope: EngineScope, container: Container): Promise<string[]> {
  const lines: string[] = [];
  const query = { name: container.Name, follow: false, tail: LINES };
  for await (const { text } of readLog(scope, query, container)) lines.push(text.slice(0, 500));
  return lines;
}
