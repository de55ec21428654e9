import type { DebBackend } from "../deb-backend.ts";
import { watchOperations } from "./operation.ts";
import { type Patience, watchList } from "./polling.ts";
import type { Expectation, TaskWatch } from "./watch.ts";

/** The best view of a task that the target offers: plugctl's own operations, the message bus, or the list of plugins. */
export async function openWatch(
  backend: DebBackend,
  expectation: Expectation,
  patience?: Patience,
): Promise<TaskWatch> {
  const { plugind, deb, amqpPassword: password, timeoutMs, signal } = backend;
  const server = await backend.serverIfOurs();
  if (server !== undefined) return watchOperations(server.http, signal);
  if (deb?.amqp === undefined) return watchList(plugind, expectation, { signal, patience });
  const { watchBroker } = await import("./broker.ts");
  return watchBroker(plugind, expectation, { url: deb.amqp, password, timeoutMs, signal });
}
