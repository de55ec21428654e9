import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Gauge } from "prom-client";
import type { RunningModule, ServerContext, ServerModule } from "../module.ts";
import { pluginRoutes } from "./api/plugin-routes.ts";
import { taskRoutes } from "./api/task-routes.ts";
import { Authorities } from "./auth/authorities.ts";
import { LocalAuthority } from "./auth/local-authority.ts";
import { Tenants } from "./auth/tenants.ts";
import { TOKEN_NOTE, tokenRoutes } from "./auth/token-routes.ts";
import { WazoAuthority } from "./auth/wazo-authority.ts";
import { createPackageBuilder } from "./builder/create.ts";
import { Outbox } from "./events/outbox.ts";
import { EventPublisher } from "./events/publisher.ts";
import { createInstaller } from "./installer/create-installer.ts";
import { Market } from "./market/market.ts";
import { marketRoutes } from "./market/routes.ts";
import { plugindRoutes } from "./plugind/routes.ts";
import { KeptPackages } from "./plugins/kept-packages.ts";
import { PluginService } from "./plugins/plugin-service.ts";
import { listPlugins } from "./plugins/records.ts";
import { Uploads, uploadedBlobs } from "./plugins/uploads.ts";
import { makeProbe } from "./probe.ts";
import { createRepository, repositoryBlobs } from "./repository/apt-repository.ts";
import { repositoryRoutes } from "./repository/routes.ts";
import { type RepositoryTables, repositoryMigrations } from "./repository/tables.ts";
import { readSettings, shownConfig } from "./settings.ts";
import { createSourceFetcher } from "./sources/fetcher.ts";
import { removeTree } from "./sources/remove-tree.ts";
import { type DebDatabase, type DebTables, debMigrations, keptValue } from "./tables.ts";
import { TaskJournal } from "./tasks/journal.ts";
import { recoverTasks } from "./tasks/recovery.ts";
import { Slots } from "./tasks/slots.ts";
import { TaskLogs } from "./tasks/task-log.ts";
import { Tasks } from "./tasks/tasks.ts";

const NAME = "deb";
/** Of tasks under way: nothing in them outlives the server. */
const WORK_FOLDERS = ["sources", "builds", "packages", "probes"] as const;
const HOUR_MS = 3600_000;
/** As long as operations are kept. */
const TASK_DAYS = 90;

/** Plugins that become Debian packages: wazo-plugind's API, the market, building, installing, the APT repository. */
export const debModule: ServerModule = {
  name: NAME,
  migrations: { ...debMigrations, ...repositoryMigrations },
  async *referencedBlobs(database) {
    yield* uploadedBlobs(database.$extendTables<DebTables>());
    yield* repositoryBlobs(database.$extendTables<RepositoryTables>());
    for (const { debSha256 } of await listPlugins(database.$extendTables<DebTables>())) yield debSha256;
  },
  start: startDeb,
};

/** Plugins change this machine itself: that is to be seen by whoever looks after it. */
async function announceHostRoot({ audit, log }: ServerContext): Promise<void> {
  log.warn("plugins are installed on this machine itself: whoever may deploy may run anything as root");
  await audit.record({
    actor: null,
    action: "deb.root.host",
    resource: "server",
    outcome: "ok",
    ip: null,
    requestId: null,
  });
}

async function startDeb(context: ServerContext): Promise<RunningModule> {
  const { blobs, identity, operations, metrics, now } = context;
  const log = context.log.child({ module: NAME });
  const db: DebDatabase = context.database.$extendTables<DebTables>();
  const settings = await readSettings(context);
  const { folder, wazoVersion } = settings;
  // What a server before this one was at when it was killed.
  for (const work of WORK_FOLDERS) await removeTree(join(folder, work));

  if (settings.root === "/") await announceHostRoot(context);
  const installer = await createInstaller({
    root: settings.root,
    stateDir: join(folder, "installer"),
    log: log.child({ part: "installer" }),
    now,
    ...(settings.stepSeconds === undefined ? {} : { stepSeconds: settings.stepSeconds }),
  });
  const repository = await createRepository(context);
  const packages = await KeptPackages.open(blobs, join(folder, "packages"));
  const market = await Market.open(settings.market, {
    folder: join(folder, "market"),
    wazoVersion,
    log,
    now,
  });
  const uploads = new Uploads(db, blobs, now);
  const logs = await TaskLogs.open(join(folder, "tasks"));
  const originUuid = await keptValue(db, "service_uuid", () => crypto.randomUUID());
  const masterTenant = await keptValue(db, "master_tenant_uuid", () => crypto.randomUUID());
  const outbox = settings.amqp === undefined ? undefined : new Outbox(db);
  const journal = new TaskJournal({ db, outbox, originUuid, now });
  await recoverTasks({ context: { ...context, log }, installer, journal, packages, repository });
  const publisher =
    outbox === undefined || settings.amqp === undefined
      ? undefined
      : new EventPublisher(settings.amqp, outbox, log.child({ part: "bus" }));

  const local = new LocalAuthority(context, new Tenants(masterTenant));
  const wazo = settings.wazoAuth && new WazoAuthority({ ...settings.wazoAuth, log });
  const authorities = new Authorities(local, wazo);
  const tasks = new Tasks({
    context,
    services: { operations, journal, logs, log },
    sources: createSourceFetcher({
      folder: join(folder, "sources"),
      blobs,
      closed: [context.dataDir],
    }),
    builder: createPackageBuilder({
      folder: join(folder, "builds"),
      isolation: settings.isolation,
      hidden: [context.dataDir],
      wazoVersion,
      ...(settings.stepSeconds === undefined ? {} : { limits: { seconds: settings.stepSeconds } }),
    }),
    installer,
    market,
    uploads,
    packages,
    repository,
    slots: new Slots(availableParallelism()),
    wazoVersion,
    now,
    makeProbe: ({ description }) => makeProbe(join(folder, "probes"), description),
  });
  const plugins = new PluginService({ installer, market, tasks, wazoVersion });
  const countPlugins = async () =>
    (await installer.plugins()).filter((plugin) => plugin.metadata !== undefined).length;
  new Gauge({
    name: "plugctl_deb_plugins",
    help: "Plugins that are installed as Debian packages",
    registers: [metrics],
    async collect() {
      this.set(await countPlugins());
    },
  });
  new Gauge({
    name: "plugctl_deb_outbox_messages",
    help: "Messages that the broker has not confirmed",
    registers: [metrics],
    async collect() {
      this.set((await outbox?.count()) ?? 0);
    },
  });

  async function status(): Promise<Record<string, unknown>> {
    const bus =
      publisher === undefined
        ? { status: "off" }
        : {
            status: publisher.failure === undefined ? "ok" : "fail",
            waiting: (await outbox?.count()) ?? 0,
            ...(publisher.failure === undefined ? {} : { reason: publisher.failure }),
          };
    return { bus, plugctl: { version: context.version, api: "/api/v1/deb" } };
  }

  return {
    targets: [{ name: "local-deb", kind: NAME }],
    async routes(app) {
      for (const prefix of ["/0.2", "/api/plugind/0.2"]) {
        await app.register(
          async (scope) =>
            plugindRoutes(scope, { authorities, plugins, config: shownConfig(settings), status }),
          { prefix },
        );
      }
      for (const prefix of ["/0.1", "/api/auth/0.1"]) {
        await app.register(
          async (scope) => tokenRoutes(scope, { context, authority: local, serviceUuid: originUuid }),
          { prefix },
        );
      }
      marketRoutes(app, market);
      repositoryRoutes(app, { context, repository });
      await app.register(
        async (api) => {
          pluginRoutes(api, { identity, db, installer, market, journal, wazoVersion });
          await taskRoutes(api, { context, tasks, uploads, logs });
        },
        { prefix: "/api/v1/deb" },
      );
    },
    jobs: [
      ...repository.jobs,
      { name: "deb.uploads", everyMs: HOUR_MS, run: () => uploads.prune() },
      { name: "deb.tokens", everyMs: HOUR_MS, run: () => context.logins.forgetExpiredTokens(TOKEN_NOTE) },
      {
        name: "deb.tasks",
        everyMs: 24 * HOUR_MS,
        async run() {
          const before = new Date(now().getTime() - TASK_DAYS * 24 * HOUR_MS);
          for (const id of await journal.prune(before)) await logs.remove(id);
        },
      },
    ],
    counts: async () => ({
      debPlugins: await countPlugins(),
      debPackages: (await repository.list()).length,
    }),
    async stop() {
      wazo?.stop();
      await installer.close();
      await tasks.close();
      await publisher?.close();
    },
  };
}
