// zod's mini flavour, since every command that calls a target loads this: it is made in a fifth of the time.
import * as z from "zod/mini";

const text = z.optional(z.string());

/** `application/problem+json` (RFC 9457) with the members that plugctl's API adds; any other member is kept. */
export const problemSchema = z.looseObject({
  title: text,
  detail: text,
  status: z.optional(z.number()),
  code: text,
  requestId: text,
  errors: z.optional(
    z.array(z.looseObject({ path: z._default(z.string(), ""), code: text, message: z.string() })),
  ),
});
export type ProblemBody = z.output<typeof problemSchema>;

/** The form of wazo's APIs (wazo-plugind spec, section 1.4); their frameworks give the message alone. */
export const wazoErrorSchema = z.strictObject({
  message: z.string(),
  error_id: text,
  details: z.optional(z.record(z.string(), z.unknown())),
  resource: text,
  timestamp: z.optional(z.unknown()),
});

/** The form of Thinger.io's API. */
export const thingerErrorSchema = z.object({ error: z.object({ message: z.string(), code: text }) });
