import type { Administration } from "../../core/administration.ts";
import type { HttpClient } from "../http/call.ts";
import { createAudit } from "./audit.ts";
import { createProviders, createRoles, createUsers } from "./directory.ts";
import { createServer } from "./server.ts";
import { createOperations } from "./streams.ts";
import { createTokens } from "./tokens.ts";

/** @param signal of the run: ends streams and the waiting between attempts. */
export function createAdministration(client: HttpClient, signal: AbortSignal): Administration {
  return {
    users: createUsers(client),
    roles: createRoles(client),
    providers: createProviders(client),
    tokens: createTokens(client),
    audit: createAudit(client),
    server: createServer(client),
    operations: createOperations(client, signal),
  };
}
