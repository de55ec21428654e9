import type { AdapterFactory } from "../adapter.ts";
import { createBuilds } from "./builds.ts";
import { createCancellation } from "./cancellation.ts";
import { createCatalogue } from "./catalogue.ts";
import { DebBackend } from "./deb-backend.ts";
import { createInstallation } from "./installation.ts";
import { createLogs } from "./logs.ts";
import { createPortability } from "./portability.ts";
import { createHistory, createVerification } from "./records.ts";
import { createRemoval } from "./removal.ts";
import { createRepository } from "./repository.ts";
import { createHealthCheck, createSession } from "./session.ts";

export const kind = "deb";

/** Connects to a wazo-plugind, or to plugctl's own server, which answers the same API and adds what that lacks. */
export const createAdapter: AdapterFactory = (connection) => {
  const backend = new DebBackend(connection);
  const catalogue = createCatalogue(backend);
  return {
    kind,
    target: connection.target,
    can: {
      health: createHealthCheck(backend.plugind, backend.auth, backend.credential),
      session: createSession(backend.auth),
      listing: catalogue,
      inspection: catalogue,
      catalogue,
      installation: createInstallation(backend),
      removal: createRemoval(backend),
      verification: createVerification(backend),
      history: createHistory(backend),
      builds: createBuilds(backend),
      cancellation: createCancellation(backend),
      logs: createLogs(backend),
      portability: createPortability(backend),
      repository: createRepository(backend),
    },
    close: () => backend[Symbol.asyncDispose](),
  };
};
