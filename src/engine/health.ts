import { connect } from "node:net";
import { PlugctlError } from "../core/errors.ts";
import type { PlannedHealth } from "../core/marketplace/plan.ts";
import type { ProgressListener } from "../core/progress.ts";
import { type EngineScope, inspectContainer } from "./containers.ts";
import { lastOutput } from "./last-output.ts";
import type { Recipe } from "./recipe.ts";
import type { Container } from "./schema.ts";

const LOOK_MS = 200;
/** A program that is going to fail mostly does so at once. */
const SETTLE_MS = 1_000;
/** For a port that nobody but the plan's interface tells of. */
const PORT_MS = 120_000;
/** The engine decides; this only bounds a check that never says either. */
const LIMIT_MS = 15 * 60_000;

/**
 * Waits until a container that was started does its work: its health check says so; without one, its port answers;
 * without one, it keeps running.
 * @throws BACKEND with its last words when it ends, is restarted or is unhealthy; TIMEOUT.
 */
export async function waitUntilHealthy(
  scope: EngineScope,
  id: string,
  { plugin, recipe, progress }: { plugin: string; recipe: Recipe; progress: ProgressListener },
): Promise<void> {
  progress({ phase: "starting", message: `waiting until ${plugin} is up` });
  const begin = Date.now();
  while (Date.now() - begin < LIMIT_MS) {
    const container = await inspectContainer(scope.client, id, `plugin "${plugin}"`);
    const elapsedMs = Date.now() - begin;
    const verdict = await judge(scope, container, recipe, elapsedMs);
    if (verdict === "healthy") return;
    if (verdict !== "starting") throw await unhealthyError(scope, plugin, container, verdict);
    await scope.client.sleep(LOOK_MS);
  }
  throw new PlugctlError(
    "TIMEOUT",
    `plugin "${plugin}" did not become healthy within ${LIMIT_MS / 60_000} minutes`,
  );
}

/** `healthy`, `starting`, or what is wrong. */
async function judge(
  scope: EngineScope,
  container: Container,
  recipe: Recipe,
  elapsedMs: number,
): Promise<string> {
  const { State, RestartCount = 0 } = container;
  if (State.Status === "restarting") return `ended with code ${State.ExitCode} after its start`;
  // It runs again, so that the engine no longer knows how it ended.
  if (State.Status === "running" && RestartCount > 0) return "ended after its start";
  if (State.Status !== "running" && State.Status !== "paused") {
    const why = State.OOMKilled === true ? "ran out of memory" : `ended with code ${State.ExitCode}`;
    return `${why}${State.Error ? ` (${State.Error})` : ""} after its start`;
  }
  const status = State.Health?.Status;
  if (status === "healthy" || status === "unhealthy") return status === "healthy" ? status : "is unhealthy";
  if (status !== undefined && status !== "none" && status !== "") return "starting";
  const port = recipe.health?.port ?? recipe.endpoint?.port;
  if (port !== undefined && port !== null && (await scope.client.address()).type === "socket") {
    const answer = await probe(container, port, recipe.health);
    if (answer === "yes") return "healthy";
    const limitMs = recipe.health === null ? PORT_MS : recipe.health.startPeriodSeconds * 1000;
    if (answer === "no") return elapsedMs < limitMs ? "starting" : `does not answer on port ${port}`;
  }
  return elapsedMs < SETTLE_MS ? "starting" : "healthy";
}

/** Whether a container of this machine answers; `unknown` when its address cannot be reached from here at all. */
async function probe(
  { NetworkSettings }: Container,
  port: number,
  health: PlannedHealth | null,
): Promise<"yes" | "no" | "unknown"> {
  const host = Object.values(NetworkSettings.Networks)
    .map(({ IPAddress }) => IPAddress)
    .find((address) => address !== undefined && address !== "");
  if (host === undefined) return "unknown";
  const timeoutMs = (health?.timeoutSeconds ?? 2) * 1000;
  if (health?.path == null) return probeTcp(host, port, timeoutMs);
  try {
    const answer = await fetch(`http://${host}:${port}/${health.path.replace(/^\//, "")}`, {
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.body?.cancel();
    return answer.status >= 200 && answer.status < 400 ? "yes" : "no";
  } catch {
    return (await probeTcp(host, port, timeoutMs)) === "unknown" ? "unknown" : "no";
  }
}

function probeTcp(host: string, port: number, timeoutMs: number): Promise<"yes" | "no" | "unknown"> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (answer: "yes" | "no" | "unknown") => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => end("yes"));
    socket.on("timeout", () => end("unknown"));
    socket.on("error", (error: NodeJS.ErrnoException) =>
      end(error.code === "ECONNREFUSED" ? "no" : "unknown"),
    );
  });
}

async function unhealthyError(scope: EngineScope, plugin: string, container: Container, why: string) {
  const check = container.State.Health?.Log.at(-1)?.Output?.trim();
  const output = await lastOutput(scope, container).catch(() => []);
  const said = output.at(-1) ?? (check === "" ? undefined : check);
  return new PlugctlError("BACKEND", `plugin "${plugin}" ${why}${said === undefined ? "" : `: ${said}`}`, {
    details: { plugin, exitCode: container.State.ExitCode, output, ...(check ? { healthCheck: check } : {}) },
  });
}
