import type { AdapterFactory } from "../adapter.ts";
import { createAdministration } from "../administration/index.ts";
import { createEvents } from "../administration/streams.ts";
import { createHttpClient } from "../http/client.ts";
import { createCatalogue } from "./catalogue.ts";
import { createStoreClient } from "./client.ts";
import { toRelease } from "./map.ts";
import { createRemoval } from "./removal.ts";
import { createHealthCheck, createSession } from "./session.ts";

export const kind = "store";

/** Connects to the store of a plugctl server. */
export const createAdapter: AdapterFactory = (connection) => {
  const http = createHttpClient(connection, { prefix: "/api/v1" });
  const client = createStoreClient(http);
  const catalogue = createCatalogue(client);
  return {
    kind,
    target: connection.target,
    can: {
      health: createHealthCheck(client),
      session: createSession(client, connection.target),
      listing: catalogue,
      inspection: catalogue,
      catalogue,
      discovery: catalogue,
      administration: createAdministration(http, connection.signal),
      events: createEvents(http, connection.signal),
      removal: createRemoval(client),
      publication: {
        // Packing needs libraries that no other capability does.
        publish: async (request, progress) =>
          (await import("./publication.ts")).publish(client, connection.signal, request, progress),
        versions: async (plugin) => (await client.releases(plugin)).map(toRelease),
      },
    },
    close: () => http.close(),
  };
};
