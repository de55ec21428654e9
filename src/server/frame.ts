import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import { createAuditLog } from "./events/audit-log.ts";
import { createEventBus } from "./events/event-bus.ts";
import { createOperations, type OperationRunner } from "./events/operation-runner.ts";
import { eventMigrations } from "./events/tables.ts";
import { createAuthenticator } from "./identity/authenticator.ts";
import { createBrowserSessions } from "./identity/browser-sessions.ts";
import { createConnectionLogins } from "./identity/connection-logins.ts";
import { createFailureAudit } from "./identity/failure-audit.ts";
import { createIdentityService, type IdentityService } from "./identity/identity-service.ts";
import { createLogins } from "./identity/logins.ts";
import { type MakePasswordSecrets, passwordSecretsMaker } from "./identity/password-secrets.ts";
import { createPasswordCheck, type PasswordCheck } from "./identity/passwords.ts";
import { createProgramTokens } from "./identity/program-tokens.ts";
import { createSessions, type Sessions } from "./identity/sessions.ts";
import { openSigningKeys, type SigningKeys } from "./identity/signing-keys.ts";
import { type IdentityTables, identityMigrations } from "./identity/tables.ts";
import { createLoginThrottle } from "./identity/throttle.ts";
import type { ModuleOptions, Network, ServerContext, ServerModule } from "./module.ts";
import { createBlobStore } from "./storage/blob-store.ts";
import { DATA_FILES } from "./storage/data-directory.ts";
import { migrate } from "./storage/migrate.ts";
import { openDatabase } from "./storage/open-database.ts";

/** The context that modules see, and beside it what only the frame's own routes and jobs use. */
export interface Frame {
  readonly context: ServerContext;
  readonly identity: IdentityService;
  readonly operations: OperationRunner;
  readonly keys: SigningKeys;
  readonly sessions: Sessions;
  readonly passwords: PasswordCheck;
  readonly makePasswordSecrets: MakePasswordSecrets;
  readonly version: string;
  close(): Promise<void>;
}

export interface FrameOptions {
  /** Absolute path of a directory that this process has locked. */
  dataDir: string;
  version: string;
  log: Logger;
  publicUrl?: string | undefined;
  /** Every module of the program, those left out of this run too: a database is always whole. */
  modules: readonly ServerModule[];
  /** Whether a module runs whose users sign in by SCRAM. */
  scram?: boolean;
  /** Default: this machine only, without TLS. */
  network?: Network;
  options?: ModuleOptions;
  now?: () => Date;
}

/** Opens the data directory: database (brought up to date), blobs, keys, and the services over them. */
export async function openFrame(options: FrameOptions): Promise<Frame> {
  const { dataDir, version, log, modules, scram = false, now = () => new Date() } = options;
  const temporary = join(dataDir, DATA_FILES.temporary);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { mode: 0o700 });
  const database = openDatabase(join(dataDir, DATA_FILES.database));
  try {
    await migrate(database, {
      events: eventMigrations,
      identity: identityMigrations,
      ...Object.fromEntries(modules.map((module) => [module.name, module.migrations])),
    });
    const db = database.$extendTables<IdentityTables>();
    const blobs = await createBlobStore(join(dataDir, DATA_FILES.blobs));
    const keys = await openSigningKeys(join(dataDir, DATA_FILES.signingKeys), now);
    const audit = createAuditLog(database, now);
    const events = createEventBus(log, now);
    const operations = createOperations({ database, events, log, now });
    await operations.recover();
    const throttle = createLoginThrottle(now);
    const passwords = createPasswordCheck({ db, throttle, scram });
    const authenticator = createAuthenticator({ db, keys, passwords, now });
    const failures = createFailureAudit(audit);
    const identity = createIdentityService({ db, audit, authenticator, failures });
    const sessions = createSessions(db, keys, now);
    const browsers = createBrowserSessions(db, now);
    const context: ServerContext = {
      version,
      dataDir,
      publicUrl: options.publicUrl,
      log,
      database,
      blobs,
      identity,
      logins: createLogins({ db, audit, passwords, sessions, browsers, now }),
      connectionLogins: await createConnectionLogins({ db, authenticator, passwords, throttle, failures }),
      programTokens: createProgramTokens(now),
      operations,
      events,
      audit,
      metrics: new Registry(),
      now,
      network: options.network ?? { host: "127.0.0.1", tls: undefined, anyPort: true },
      options: options.options ?? {},
    };
    return {
      context,
      identity,
      operations,
      keys,
      sessions,
      passwords,
      makePasswordSecrets: passwordSecretsMaker(scram),
      version,
      close: () => database.destroy(),
    };
  } catch (error) {
    await database.destroy();
    throw error;
  }
}
