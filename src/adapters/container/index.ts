import type { AdapterModule } from "../adapter.ts";
import { isServer } from "./is-server.ts";

export const kind = "container";

/** Connects to an engine, to the manager of a swarm, or to a server that answers Thinger.io's plugin API. */
export const createAdapter: AdapterModule["createAdapter"] = async (connection) => {
  if (isServer(connection)) return (await import("./thinger/index.ts")).createThingerAdapter(connection);
  if (connection.container?.swarm === true)
    return (await import("./swarm-adapter.ts")).createSwarmAdapter(connection);
  return (await import("./engine-adapter.ts")).createEngineAdapter(connection);
};
