import type { FastifyInstance } from "fastify";
import {
  type AptRepository,
  createRepository,
  repositoryBlobs,
} from "../../src/server/deb/repository/apt-repository.ts";
import { repositoryRoutes } from "../../src/server/deb/repository/routes.ts";
import { type RepositoryTables, repositoryMigrations } from "../../src/server/deb/repository/tables.ts";
import type { ServerModule } from "../../src/server/module.ts";
import { makeApp } from "./server-context.ts";

export interface RunningRepository {
  repository: AptRepository;
  app: FastifyInstance;
  /** Base URL of the server. */
  http: string;
  headers: { authorization: string };
}

/** The repository by itself, as a module. `onStart` gets it as it is made. */
export const repositoryModule = (onStart: (repository: AptRepository) => void): ServerModule => ({
  name: "deb",
  migrations: repositoryMigrations,
  referencedBlobs: (database) => repositoryBlobs(database.$extendTables<RepositoryTables>()),
  async start(context) {
    const repository = await createRepository(context);
    onStart(repository);
    return {
      routes: async (app) => repositoryRoutes(app, { context, repository }),
      jobs: repository.jobs,
    };
  },
});

/** A server that has nothing but the repository, on a free port. */
export async function serveRepository(
  settings: { now?: () => Date; dataDir?: string } = {},
): Promise<RunningRepository> {
  let repository: AptRepository | undefined;
  const module = repositoryModule((made) => {
    repository = made;
  });
  const { app, admin } = await makeApp({ ...settings, modules: [module] });
  const http = await app.listen({ host: "127.0.0.1", port: 0 });
  if (repository === undefined) throw new Error("the repository has not started");
  return { repository, app, http, headers: admin.headers };
}
