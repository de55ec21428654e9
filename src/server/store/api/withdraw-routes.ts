import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { originOf } from "../../http/origin.ts";
import { Problem } from "../../http/problem.ts";
import { problemResponse } from "../../http/schemas.ts";
import type { Identity, Principal } from "../../identity/identity.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { CatalogEntry } from "../catalog/load.ts";
import type { Withdrawer } from "../withdraw/withdraw.ts";
import { addPluginRoute } from "./plugin-address.ts";
import { dryRunSchema, releaseSchema } from "./schemas.ts";

const querySchema = z.object({ dryRun: dryRunSchema });
const bodySchema = z.object({ reason: z.string().max(2000).optional() }).nullish();

export interface WithdrawRouteParts {
  identity: Identity;
  catalog: Catalog;
  withdrawer: Withdrawer;
}

/** Taking versions back. */
export function withdrawRoutes(
  app: FastifyInstance,
  { identity, catalog, withdrawer }: WithdrawRouteParts,
): void {
  const add = (
    verb: "yank" | "purge",
    summary: string,
    authorize: (request: FastifyRequest, entry: CatalogEntry) => Promise<Principal>,
  ) =>
    addPluginRoute(app, {
      method: "POST",
      path: `/versions/:version/${verb}`,
      schema: {
        tags: ["store"],
        summary,
        querystring: querySchema,
        body: bodySchema,
        response: { 200: releaseSchema, ...problemResponse },
      },
      async handler(request, { id, version }) {
        await identity.require(request);
        const entry = catalog.get(id);
        if (entry === undefined) throw new Problem(404, "plugin_not_found", `there is no plugin ${id}`);
        const actor = await authorize(request, entry);
        return withdrawer[verb]({
          plugin: id,
          version,
          reason: (request.body as z.output<typeof bodySchema>)?.reason,
          dryRun: (request.query as z.output<typeof querySchema>).dryRun,
          actor,
          ...originOf(request),
        });
      },
    });

  add("yank", "Take a version out of discovery and channels; its files stay", (request, { id, provider }) =>
    identity.authorize(request, "release", { provider, plugin: id }),
  );
  add("purge", "Remove a version's files for good; its number is never used again", (request) =>
    identity.authorize(request, "admin"),
  );
}
