import { notFoundError } from "../../core/errors.ts";
import type { LogLine, LogQuery, Logs } from "../../core/observation.ts";
import type { DebBackend } from "./deb-backend.ts";
import type { ServerClient } from "./plugctl/client.ts";
import { isOperationId } from "./plugin-id.ts";
import { createHistory } from "./records.ts";

/**
 * What the steps of operations wrote. For a plugin that is its last operation or, with a time, all of those that began
 * then; the id of an operation in place of a name is that one. The lines themselves have no times.
 */
export function createLogs(backend: DebBackend): Logs {
  return {
    async *logs(query) {
      const server = await backend.server("logs of operations");
      const operations = isOperationId(query.name)
        ? [{ id: query.name, at: null }]
        : await operationsOf(backend, query);
      const lines = operations.map(({ id, at }) => linesOf(server, { id, at, query }));
      yield* query.tail === undefined ? concatenated(lines) : lastLines(concatenated(lines), query);
    },
  };
}

async function operationsOf(backend: DebBackend, { name, since, until }: LogQuery) {
  const all = (await createHistory(backend).history(name)).map(({ id, at }) => ({ id, at }));
  if (since === undefined && until === undefined) {
    const [last] = all;
    if (last === undefined) throw notFoundError(`${name} has had no operation on target "${backend.target}"`);
    return [last];
  }
  return all
    .filter(({ at }) => {
      const time = Date.parse(at);
      return (
        (since === undefined || time >= since.getTime()) && (until === undefined || time <= until.getTime())
      );
    })
    .reverse();
}

async function* linesOf(
  server: ServerClient,
  { id, at, query }: { id: string; at: string | null; query: LogQuery },
): AsyncGenerator<LogLine> {
  const decoder = new TextDecoder();
  const line = (text: string): LogLine => ({ plugin: query.name, stream: "stdout", at, text });
  let pending = "";
  for await (const chunk of await server.log(id, query.follow)) {
    const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
    pending = lines.pop() ?? "";
    for (const text of lines) yield line(text);
  }
  if (pending !== "") yield line(pending);
}

async function* concatenated(logs: readonly AsyncIterable<LogLine>[]): AsyncGenerator<LogLine> {
  for (const log of logs) yield* log;
}

/** With `follow` what comes later cannot be told from what was there, so the end is taken of what has ended. */
async function* lastLines(lines: AsyncIterable<LogLine>, { tail = 0 }: LogQuery): AsyncGenerator<LogLine> {
  const kept: LogLine[] = [];
  for await (const line of lines) {
    kept.push(line);
    if (kept.length > tail) kept.shift();
  }
  yield* kept;
}
