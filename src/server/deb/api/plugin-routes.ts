import type { FastifyInstance } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { listOf, problemResponse } from "../../http/schemas.ts";
import type { Identity } from "../../identity/identity.ts";
import type { InstalledPlugin, PackageInstaller } from "../installer/installer.ts";
import { pluginKey } from "../market/local-values.ts";
import type { Market } from "../market/market.ts";
import { findOutdated } from "../plugins/outdated.ts";
import { listPlugins, type PluginRecord } from "../plugins/records.ts";
import type { DebDatabase } from "../tables.ts";
import type { TaskJournal } from "../tasks/journal.ts";
import type { TaskStatus } from "../tasks/statuses.ts";
import {
  historySchema,
  lockSchema,
  outdatedSchema,
  pluginParams,
  pluginSchema,
  verifySchema,
} from "./schemas.ts";

const HISTORY = 200;

export interface PluginRouteParts {
  identity: Identity;
  db: DebDatabase;
  installer: PackageInstaller;
  market: Market;
  journal: TaskJournal;
  wazoVersion: string | undefined;
}

const STATES: Partial<Record<TaskStatus, "succeeded" | "failed">> = {
  completed: "succeeded",
  error: "failed",
};

/** What is installed, where it came from, and whether it is as it should be. */
export function pluginRoutes(app: FastifyInstance, parts: PluginRouteParts): void {
  const { identity, db, installer, journal } = parts;
  const typed = app.withTypeProvider<ZodTypeProvider>();
  const tags = ["deb"];

  typed.route({
    method: "GET",
    url: "/plugins",
    schema: {
      tags,
      summary: "Installed plugins",
      response: { 200: listOf(pluginSchema), ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      const records = new Map((await listPlugins(db)).map((record) => [pluginKey(record), record]));
      const plugins = await installer.plugins();
      return {
        items: plugins
          .filter((plugin) => plugin.status !== "config-files")
          .map((plugin) => toItem(plugin, records.get(pluginKey(plugin)))),
      };
    },
  });

  typed.route({
    method: "GET",
    url: "/plugins/:namespace/:name/history",
    schema: {
      tags,
      summary: "Changes of a plugin, newest first",
      params: pluginParams,
      response: { 200: listOf(historySchema), ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      const tasks = await journal.history(request.params, HISTORY);
      return {
        items: tasks.map(({ id, action, startedAt, actor, version, previousVersion, status, error }) => ({
          id,
          action,
          at: startedAt,
          actor,
          version,
          previousVersion,
          state: STATES[status] ?? ("running" as const),
          error: error === null ? null : { ...error },
        })),
      };
    },
  });

  typed.route({
    method: "GET",
    url: "/plugins/:namespace/:name/verify",
    schema: {
      tags,
      summary: "Compare a plugin's files with its package",
      params: pluginParams,
      response: { 200: verifySchema, ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      const problems = await installer.verify(request.params);
      return { ok: problems.length === 0, problems };
    },
  });

  typed.route({
    method: "GET",
    url: "/outdated",
    schema: {
      tags,
      summary: "Plugins of which there is something newer",
      description:
        "The market has a newer version that fits or, of what came from a repository that the market does not offer, the branch or tag leads to another commit. A plugin of which that is not known is listed with the reason.",
      response: { 200: listOf(outdatedSchema), ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      return { items: await findOutdated(parts) };
    },
  });

  typed.route({
    method: "GET",
    url: "/lock",
    schema: {
      tags,
      summary: "What is installed, so that another host can be brought to it",
      response: { 200: lockSchema, ...problemResponse },
    },
    async handler(request) {
      await identity.authorize(request, "read");
      const plugins = await listPlugins(db);
      return {
        version: 1 as const,
        plugins: plugins.map(({ namespace, name, version, origin, commit, treeSha256, debSha256 }) => ({
          namespace,
          name,
          version,
          source: { ...origin },
          commit,
          treeSha256,
          debSha256,
        })),
      };
    },
  });
}

function toItem(plugin: InstalledPlugin, record: PluginRecord | undefined) {
  const { namespace, name, version, status, metadata } = plugin;
  // What was installed past the server is not what the record tells of.
  const known = record?.version === version ? record : undefined;
  const description = metadata?.description ?? metadata?.display_name;
  return {
    namespace,
    name,
    version,
    status,
    package: plugin.package,
    installedAt: known?.installedAt ?? null,
    origin: known === undefined ? null : { ...known.origin },
    commit: known?.commit ?? null,
    treeSha256: known?.treeSha256 ?? null,
    debSha256: known?.debSha256 ?? null,
    previousVersion: known?.previousVersion ?? null,
    description: typeof description === "string" ? description : null,
  };
}
