import { openInBrowser } from "../actions/open-in-browser.ts";
import { notFoundError } from "../core/errors.ts";
import { record, text } from "../output/result.ts";
import { sanitizeLine } from "../output/sanitize.ts";
import { addressed } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { open } from "./open.meta.ts";

export const run: Handler<typeof open> = async ({ args, options, host }) => {
  const { target, on, name, label } = await addressed(host, "access", args.plugin);
  const access = await on.get(name);
  if (access.url === null) throw notFoundError(`${label} has no web interface`);
  if (host.terminal.stdoutIsTerminal && !host.terminal.inCI && !options.print) {
    await openInBrowser(access.url, host.env).catch((error: Error) => host.warn(error.message));
  }
  if (host.settings.output === "table" && !host.settings.quiet) return text(`${sanitizeLine(access.url)}\n`);
  return record({ target: target.name, kind: target.kind, ...access }, [], { nameOf: () => label });
};
