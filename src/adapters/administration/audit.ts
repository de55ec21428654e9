import type { Administration, AuditItem } from "../../core/administration.ts";
import type { HttpClient } from "../http/call.ts";
import { auditPageSchema, verifiedSchema } from "./schema.ts";

/** Rows that the server hands out at once. */
const PAGE = 1000;

export function createAudit(client: HttpClient): Administration["audit"] {
  return {
    async query({ limit, ...filter }) {
      const found: AuditItem[] = [];
      let before: number | undefined;
      while (found.length < limit) {
        const page = await client.json("GET", "audit", {
          query: { ...filter, before, limit: Math.min(PAGE, limit - found.length) },
          schema: auditPageSchema,
        });
        found.push(...page.items);
        // An empty page that names a next one would never end.
        if (page.next === null || page.items.length === 0) break;
        before = page.next;
      }
      return found;
    },
    verify: () => client.json("GET", "audit/verify", { schema: verifiedSchema }),
  };
}
