import { PlugctlError } from "../../../core/errors.ts";
import type { LogLine, Logs } from "../../../core/observation.ts";
import type { ThingerClient } from "./client.ts";
import { logLineSchema } from "./schema.ts";

/** The server follows a plugin over its restarts. */
export function createLogs(client: ThingerClient): Logs {
  return {
    async *logs({ name, follow, tail, since, until }) {
      const body = await client.http.stream("GET", `${await client.pluginPath(name)}/terminal/logs`, {
        query: { follow: follow ? "1" : "0", tail, since: since?.toISOString(), until: until?.toISOString() },
        headers: { accept: "application/x-ndjson" },
      });
      const decoder = new TextDecoder();
      let pending = "";
      for await (const chunk of body) {
        const lines = (pending + decoder.decode(chunk, { stream: true })).split("\n");
        pending = lines.pop() ?? "";
        for (const line of lines) yield toLogLine(name, line, client.http.target);
      }
    },
  };
}

function toLogLine(plugin: string, json: string, target: string): LogLine {
  try {
    const parsed = logLineSchema.safeParse(JSON.parse(json));
    if (parsed.success) return { plugin, ...parsed.data };
  } catch {
    // The same as JSON of another form.
  }
  throw new PlugctlError("BACKEND", `target "${target}" sent a line of log that does not fit`, {
    hint: "is it a server of a version that this plugctl knows?",
  });
}
