import { interleave, mergeByTime } from "../actions/merge-logs.ts";
import { usageError } from "../core/errors.ts";
import { createLogFormatter, type LabelledLine } from "../output/log-lines.ts";
import { stream } from "../output/result.ts";
import { type Addressed, addressedAll } from "./addressed.ts";
import type { Handler } from "./command.ts";
import { parseInstant } from "./instant.ts";
import type { logs } from "./logs.meta.ts";

type LogRow = LabelledLine & { target: string };

export const run: Handler<typeof logs> = async ({ args, options, host }) => {
  if (options.follow && options.until !== undefined) {
    throw usageError("--follow and --until exclude each other");
  }
  const instant = (text: string | undefined, option: string) =>
    text === undefined ? undefined : new Date(parseInstant(text, option, host.now()));
  const query = {
    follow: options.follow === true,
    tail: options.tail,
    since: instant(options.since, "--since"),
    until: instant(options.until, "--until"),
  };
  const plugins = await addressedAll(host, "logs", args.plugins);
  const several = new Set(plugins.map(({ target }) => target.name)).size > 1;
  const labelOf = (plugin: Addressed<"logs">) => (several ? plugin.label : plugin.name);
  const sources = plugins.map((plugin) => labelled(plugin, labelOf(plugin), query));
  const lines = query.follow ? interleave(sources) : mergeByTime(sources);
  if (host.settings.output !== "table" || host.settings.fields !== undefined) {
    return stream(withoutLabels(lines), [{ key: "at" }, { key: "plugin" }, { key: "text" }], {
      nameOf: (row) => `${row.target}:${row.plugin}`,
    });
  }
  const format = await createLogFormatter({
    labels: plugins.map(labelOf),
    style: host.outStyle,
    timestamps: options.timestamps === true,
    raw: host.terminal.stdoutIsTerminal && options.safe !== true,
  });
  for await (const line of lines) await host.terminal.print(format(line));
  return undefined;
};

async function* labelled(
  { on, name, target }: Addressed<"logs">,
  label: string,
  query: Omit<Parameters<typeof on.logs>[0], "name">,
): AsyncGenerator<LogRow> {
  for await (const line of on.logs({ ...query, name })) yield { target: target.name, label, ...line };
}

async function* withoutLabels(lines: AsyncIterable<LogRow>) {
  for await (const { label: _, ...line } of lines) yield line;
}
