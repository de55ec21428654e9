import type { AdapterModule, Connection } from "../adapter.ts";

export const kind = "container";

/** Connects to an engine, or to a server that answers Thinger.io's plugin API. */
export const createAdapter: AdapterModule["createAdapter"] = async (connection) =>
  isServer(connection)
    ? (await import("./thinger/index.ts")).createThingerAdapter(connection)
    : (await import("./engine-adapter.ts")).createEngineAdapter(connection);

/** Engines write `tcp:`, with or without TLS. */
const isServer = ({ url, container }: Connection) => container?.thinger === true || /^https?:/.test(url);
