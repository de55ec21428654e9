import type { Administration } from "../../core/administration.ts";
import type { HttpClient } from "../http/call.ts";
import { operationSchema, rotatedSchema, statusSchema } from "./schema.ts";

export function createServer(client: HttpClient): Administration["server"] {
  return {
    status: () => client.json("GET", "server/status", { schema: statusSchema }),
    backup: () => client.stream("GET", "server/backup"),
    gc: () => client.json("POST", "server/gc", { schema: operationSchema }),
    rotateKeys: () => client.json("POST", "server/keys/rotate", { schema: rotatedSchema }),
  };
}
