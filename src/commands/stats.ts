import { type StatsSample, sampleStats, watchStats } from "../actions/sample-stats.ts";
import type { Host } from "../host.ts";
import { LiveView } from "../output/live.ts";
import { rows, stream } from "../output/result.ts";
import { type Column, type Row, renderTable } from "../output/table.ts";
import { addressedAll } from "./addressed.ts";
import type { Handler } from "./command.ts";
import { pluginName, warnFailures } from "./plugin-rows.ts";
import type { stats } from "./stats.meta.ts";

const COLUMNS: readonly Column[] = [
  { key: "target", drop: 3 },
  { key: "name", drop: 0 },
  { key: "cpuPercent", title: "cpu %", as: "number", drop: 0, show: (value) => Number(value).toFixed(1) },
  { key: "memoryBytes", title: "memory", as: "size", drop: 0 },
  { key: "memoryLimitBytes", title: "limit", as: "size", drop: 2 },
  { key: "networkReceivedBytes", title: "received", as: "size", drop: 4 },
  { key: "networkSentBytes", title: "sent", as: "size", drop: 4 },
  { key: "diskReadBytes", title: "read", as: "size", drop: 5 },
  { key: "diskWrittenBytes", title: "written", as: "size", drop: 5 },
  { key: "pids", as: "number", drop: 3 },
  { key: "restarts", as: "number", drop: 3 },
  { key: "health", drop: 2 },
];

const EMPTY = "no plugin is running";

export const run: Handler<typeof stats> = async ({ args, options, host }) => {
  const plugins = await addressedAll(host, "statistics", args.plugins);
  const sample = () => sampleStats(host, plugins);
  if (!options.watch) {
    const { plugins: found, failures } = await sample();
    const exitCode = warnFailures(host, failures);
    return rows(found, COLUMNS, { empty: EMPTY, nameOf: pluginName, exitCode });
  }
  const samples = watchStats(sample, host.signal);
  if (host.settings.output !== "table") return stream(timed(samples, host), COLUMNS, { nameOf: pluginName });
  if (host.terminal.stdoutIsTerminal) await redraw(samples, host);
  else for await (const row of timed(samples, host)) await host.terminal.print(`${JSON.stringify(row)}\n`);
  return undefined;
};

async function* timed(samples: AsyncIterable<StatsSample>, host: Host): AsyncGenerator<Row> {
  for await (const { plugins, failures } of samples) {
    warnFailures(host, failures);
    const at = host.now().toISOString();
    for (const plugin of plugins) yield { at, ...plugin };
  }
}

async function redraw(samples: AsyncIterable<StatsSample>, host: Host): Promise<void> {
  using view = new LiveView(host.terminal);
  for await (const { plugins, failures } of samples) {
    const { width } = host.terminal;
    const table =
      plugins.length === 0
        ? `${EMPTY}\n`
        : await renderTable(
            plugins.map((plugin) => ({ ...plugin })),
            COLUMNS,
            { width, style: host.outStyle, now: host.now() },
          );
    const missing = failures.map(({ target, error }) => `${target}: ${error.message}\n`).join("");
    await view.draw(table + missing);
  }
}
