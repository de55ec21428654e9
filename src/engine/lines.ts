import type { Readable } from "node:stream";

/** Lines of a body as they come, the last one also without an end; empty ones are left out. */
export async function* readLines(body: Readable): AsyncGenerator<string> {
  let pending = "";
  body.setEncoding("utf8");
  for await (const chunk of body) {
    const lines = (pending + chunk).split(/\r?\n/);
    pending = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (pending.trim() !== "") yield pending;
}
