import type { PluginId } from "../../../core/deb/package-name.ts";
import type { HttpClient } from "../../http/call.ts";
import { path } from "../../http/path.ts";
import { withWayOut } from "../errors.ts";
import {
  historySchema,
  itemsOf,
  lockSchema,
  outdatedSchema,
  planSchema,
  pluginSchema,
  taskSchema,
  uploadSchema,
  verifySchema,
} from "./schema.ts";

/** Where a plugin comes from, in the words of the API. */
export type TaskSource =
  | { type: "git"; url: string; ref?: string; directory?: string }
  | { type: "market"; namespace: string; name: string; version?: string }
  | { type: "upload"; id: string };

/** Body of a plan, and of the task that carries it out. */
export type TaskBody =
  | { action: "install"; source: TaskSource; reinstall?: boolean; allowDowngrade?: boolean }
  | ({ action: "remove"; purge?: boolean; removeDependents?: boolean } & PluginId)
  | ({ action: "rollback" } & PluginId);

export interface UploadedFile {
  body: AsyncIterable<Uint8Array>;
  contentType: "application/x-tar" | "application/vnd.debian.binary-package";
  sizeBytes: number | undefined;
  onSent: (bytes: number) => void;
}

export type ServerClient = ReturnType<typeof createServerClient>;

/** What plugctl's own server adds to wazo-plugind's API, one function a call. */
export function createServerClient(http: HttpClient) {
  return {
    http,
    plan: (body: TaskBody) =>
      http.json("POST", "deb/plans", { body, schema: planSchema }).catch((error) => {
        throw withWayOut(error);
      }),

    /** @returns the id of the operation. */
    begin: async (body: TaskBody) => (await http.json("POST", "deb/tasks", { body, schema: taskSchema })).id,

    /** Begins to make a package of an uploaded folder. @returns the id of the operation. */
    build: async (upload: string) => {
      const body = { source: { type: "upload", id: upload } };
      return (await http.json("POST", "deb/builds", { body, schema: taskSchema })).id;
    },

    /** The bytes of what was uploaded or built. */
    uploaded: (id: string) => http.stream("GET", path`deb/uploads/${id}`),

    /** Resolves when the operation has been asked to end. @throws NOT_FOUND, CONFLICT when it has ended. */
    cancel: (id: string) => http.json("DELETE", path`deb/tasks/${id}`),

    upload: (file: UploadedFile) => http.upload("deb/uploads", { ...file, schema: uploadSchema }),

    plugins: async () => (await http.json("GET", "deb/plugins", { schema: itemsOf(pluginSchema) })).items,

    history: async ({ namespace, name }: PluginId) =>
      (
        await http.json("GET", path`deb/plugins/${namespace}/${name}/history`, {
          schema: itemsOf(historySchema),
        })
      ).items,

    verify: ({ namespace, name }: PluginId) =>
      http.json("GET", path`deb/plugins/${namespace}/${name}/verify`, { schema: verifySchema }),

    outdated: async () => (await http.json("GET", "deb/outdated", { schema: itemsOf(outdatedSchema) })).items,

    log: (id: string, follow: boolean) =>
      http.stream("GET", path`deb/tasks/${id}/log`, { query: { follow } }),

    lock: async () => (await http.json("GET", "deb/lock", { schema: lockSchema })).plugins,
  };
}
