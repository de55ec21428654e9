import { conflictError, isPlugctlError } from "../core/errors.ts";
import type { PluginStats, Statistics } from "../core/observation.ts";
import {
  type EngineScope,
  inspectContainer,
  listContainers,
  pluginContainer,
  roleOfContainer,
} from "./containers.ts";
import { LABEL } from "./labels.ts";
import { type Sample, statsSchema, topSchema } from "./schema.ts";

/** A container without a limit reports all of the machine's memory, or a number near 2^63. */
const NO_LIMIT = 2 ** 62;

export function createStatistics(scope: EngineScope): Statistics {
  return {
    async stats(names) {
      const ids = names.length === 0 ? await running(scope) : await named(scope, names);
      const samples = await Promise.all(ids.map((item) => sample(scope, item)));
      return samples.filter((found) => found !== undefined);
    },
    async top(name) {
      const { Id, State } = await pluginContainer(scope, name);
      if (State.Status !== "running" && State.Status !== "paused") throw notRunning(name, State.Status);
      const { Titles, Processes } = await scope.client.json(
        topSchema,
        (docker, abortSignal) => docker.getContainer(Id).top({ abortSignal }),
        { subject: `plugin "${name}"` },
      );
      return { titles: Titles, rows: Processes };
    },
  };
}

interface Sampled {
  name: string;
  id: string;
}

async function running(scope: EngineScope): Promise<Sampled[]> {
  const containers = await listContainers(scope);
  return containers
    .filter(
      (container) =>
        roleOfContainer(container) === "current" && ["running", "paused"].includes(container.State),
    )
    .map(({ Id, Labels }) => ({ name: Labels[LABEL.plugin] ?? "", id: Id }))
    .sort((one, other) => one.name.localeCompare(other.name));
}

async function named(scope: EngineScope, names: readonly string[]): Promise<Sampled[]> {
  const found = await Promise.all(names.map((name) => pluginContainer(scope, name)));
  return found.map(({ Id, State }, index) => {
    const name = names[index] ?? "";
    if (State.Status !== "running" && State.Status !== "paused") throw notRunning(name, State.Status);
    return { name, id: Id };
  });
}

/** Undefined for one that has gone since it was listed. */
async function sample({ client }: EngineScope, { name, id }: Sampled): Promise<PluginStats | undefined> {
  const subject = `plugin "${name}"`;
  try {
    const [found, container] = await Promise.all([
      client.json(
        statsSchema,
        (docker, abortSignal) => docker.getContainer(id).stats({ stream: false, ...{ abortSignal } }),
        { subject },
      ),
      inspectContainer(client, id, subject),
    ]);
    return {
      ...measure(name, found, (container.HostConfig.Memory ?? 0) > 0),
      restarts: container.RestartCount ?? 0,
      health: container.State.Health?.Status ?? null,
    };
  } catch (error) {
    if (isPlugctlError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** As docker's own command line computes it. */
export function measure(
  name: string,
  sample: Sample,
  isLimited: boolean,
): Omit<PluginStats, "restarts" | "health"> {
  const { cpu_stats: now, precpu_stats: before, memory_stats: memory } = sample;
  const used = now.cpu_usage.total_usage - (before?.cpu_usage.total_usage ?? 0);
  const passed = (now.system_cpu_usage ?? 0) - (before?.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || now.cpu_usage.percpu_usage?.length || 1;
  // The cache of files that can be dropped at any time is not what the program needs: cgroup v1, then v2.
  const cache = memory.stats.total_inactive_file ?? memory.stats.inactive_file ?? 0;
  const disk = (op: string) =>
    (sample.blkio_stats?.io_service_bytes_recursive ?? [])
      .filter((entry) => entry.op.toLowerCase() === op)
      .reduce((sum, { value }) => sum + value, 0);
  const network = (key: "rx_bytes" | "tx_bytes") =>
    Object.values(sample.networks).reduce((sum, card) => sum + card[key], 0);
  const limit = memory.limit ?? 0;
  return {
    name,
    cpuPercent: passed > 0 && used > 0 ? Math.round((used / passed) * cpus * 10_000) / 100 : 0,
    memoryBytes: Math.max(0, (memory.usage ?? 0) - cache),
    memoryLimitBytes: isLimited && limit > 0 && limit < NO_LIMIT ? limit : null,
    networkReceivedBytes: network("rx_bytes"),
    networkSentBytes: network("tx_bytes"),
    diskReadBytes: disk("read"),
    diskWrittenBytes: disk("write"),
    pids: sample.pids_stats?.current ?? 0,
  };
}

const notRunning = (name: string, status: string) =>
  conflictError(`${name} is ${status === "exited" ? "stopped" : status}: nothing runs in it`, {
    hint: `"plugctl start ${name}" is possible`,
  });
