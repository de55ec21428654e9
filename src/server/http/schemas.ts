import { z } from "zod";
import { PERMISSIONS } from "../../core/permissions.ts";

export const problemSchema = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: "stable word to switch on" }),
    detail: z.string(),
    requestId: z.string().nullable(),
    errors: z.array(z.object({ path: z.string(), code: z.string(), message: z.string() })),
  })
  .meta({ description: "RFC 9457 problem document" });

/** For the `response` of every route: any failure is a problem document. */
export const problemResponse = {
  default: {
    description: "A failure",
    content: { "application/problem+json": { schema: problemSchema } },
  },
} as const;

/** For the `response` of a route that answers with a stream. */
export const streamResponse = (type: string, description: string) => ({
  200: { description, content: { [type]: { schema: z.string() } } },
  ...problemResponse,
});

/** For the `security` of routes that anybody may call. */
export const ANONYMOUS: readonly Record<string, readonly string[]>[] = [];

export const timeSchema = z.string().meta({ description: "ISO 8601, UTC", format: "date-time" });
export const noContent = z.null().meta({ description: "done" });

/** Providers, roles: lower case, as in host names (discovery-store spec, section 0). */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "lower-case letters, digits and -");
export const loginSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/, "1 to 64 lower-case letters, digits and . _ @ -");
export const passwordSchema = z.string().min(8).max(1024);
export const nameSchema = z.string().trim().min(1).max(200);
export const permissionSchema = z.enum(PERMISSIONS);

export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });
