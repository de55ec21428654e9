import { join } from "node:path";
import { Gauge } from "prom-client";
import type { RunningModule, ServerContext, ServerModule } from "../module.ts";
import { publishRoute } from "./api/publish-route.ts";
import { HourlyLimit } from "./api/rate-limit.ts";
import { readRoutes } from "./api/read-routes.ts";
import { withdrawRoutes } from "./api/withdraw-routes.ts";
import { Catalog } from "./catalog/catalog.ts";
import { CdnIndex } from "./cdn/cdn-index.ts";
import { Compressor } from "./cdn/compressor.ts";
import { cdnRoutes } from "./cdn/routes.ts";
import { Discovery } from "./discovery/discovery.ts";
import { discoveryRoutes } from "./discovery/routes.ts";
import { BlobGate } from "./publish/gate.ts";
import { Publisher } from "./publish/publisher.ts";
import { DEFAULT_SETTINGS, type StoreSettings } from "./settings.ts";
import type { StoreDatabase } from "./store-database.ts";
import { type StoreTables, storeMigrations } from "./tables.ts";
import { referencedBlobs } from "./withdraw/unreferenced.ts";
import { Withdrawer } from "./withdraw/withdraw.ts";

const NAME = "store";

/** Versions of web plugins: publishing, discovery and delivery (discovery-store spec). */
export function createStoreModule(settings: StoreSettings = DEFAULT_SETTINGS): ServerModule {
  return {
    name: NAME,
    migrations: storeMigrations,
    referencedBlobs: (database) => referencedBlobs(database.$extendTables<StoreTables>()),
    start: (context) => startStore(context, settings),
  };
}

export const storeModule: ServerModule = createStoreModule();

async function startStore(context: ServerContext, settings: StoreSettings): Promise<RunningModule> {
  const { blobs, identity, audit, events, publicUrl, metrics, now } = context;
  const db: StoreDatabase = context.database.$extendTables<StoreTables & { provider: { id: string } }>();
  const log = context.log.child({ module: NAME });
  const catalog = await Catalog.load(db);
  const gate = new BlobGate();
  const index = new CdnIndex(db);
  const compressor = new Compressor({
    db,
    blobs,
    gate,
    log,
    onVariants: (sha256) => index.dropContent(sha256),
  });
  const publisher = new Publisher({
    db,
    blobs,
    gate,
    catalog,
    audit,
    events,
    now,
    limits: settings.archive,
    scratchDirectory: join(context.dataDir, NAME, "uploads"),
    onStored: () => compressor.wake(),
  });
  const withdrawer = new Withdrawer({
    db,
    blobs,
    gate,
    catalog,
    audit,
    events,
    now,
    onPurged: (plugin, version) => index.dropVersion(plugin, version),
  });
  const discovery = new Discovery(catalog);
  const limit =
    settings.publishesPerHour === null ? undefined : new HourlyLimit(settings.publishesPerHour, now);
  new Gauge({
    name: "plugctl_store_plugins",
    help: "Plugins in the store",
    registers: [metrics],
    collect() {
      this.set(catalog.entries.length);
    },
  });
  compressor.wake();

  return {
    targets: [{ name: "local-store", kind: "store" }],
    async routes(app) {
      cdnRoutes(app, index, blobs, settings);
      discoveryRoutes(app, discovery, publicUrl);
      await app.register(
        async (api) => {
          await publishRoute(api, { identity, audit, publisher, catalog, publicUrl, settings, limit });
          readRoutes(api, { db, catalog, identity, publicUrl });
          withdrawRoutes(api, { identity, catalog, withdrawer });
        },
        { prefix: "/api/v1" },
      );
    },
    stop: () => compressor.stop(),
  };
}
