import type { BuildListeners } from "../../core/deb/package-build.ts";
import { isPlugctlError, PlugctlError } from "../../core/errors.ts";
import type { Host } from "../../host.ts";
import { sanitizeLine } from "../../output/sanitize.ts";

interface PrintedLog extends BuildListeners {
  /** Shows what has come of the last line. */
  end(): void;
  /** Of a failure what has not been shown yet: the end of the log has been, to people. */
  news(thrown: unknown): unknown;
}

/** Shows the steps of a build and what they print as it comes, on stderr: a spinner would hide the one behind the other. */
export function printLog(host: Host): PrintedLog {
  const { output } = host.settings;
  const isJson = output === "json" || output === "jsonl";
  let phase: string | undefined;
  let pending = "";
  const show = (line: string) => {
    if (isJson) host.progress.listener({ phase: "output", message: line });
    else host.say(`  ${host.errStyle.paint.dim("|")} ${sanitizeLine(line)}`);
  };
  return {
    progress(event) {
      if (isJson) host.progress.listener(event);
      else if (event.phase !== phase) host.say(sanitizeLine(event.message));
      phase = event.phase;
    },
    log(text) {
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      lines.forEach(show);
    },
    end() {
      if (pending !== "") show(pending);
      pending = "";
    },
    news(thrown) {
      if (isJson || host.settings.quiet || !isPlugctlError(thrown)) return thrown;
      const { code, message, hint, cause, details: { log: _, ...details } = {} } = thrown;
      return new PlugctlError(code, message, { hint, cause, details });
    },
  };
}
