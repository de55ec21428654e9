import { z } from "zod";

/** `application/problem+json` (RFC 9457) with the members that plugctl's API adds; any other member is kept. */
export const problemSchema = z.looseObject({
  title: z.string().optional(),
  detail: z.string().optional(),
  status: z.number().optional(),
  code: z.string().optional(),
  requestId: z.string().optional(),
  errors: z
    .array(z.looseObject({ path: z.string().default(""), code: z.string().optional(), message: z.string() }))
    .optional(),
});
export type ProblemBody = z.output<typeof problemSchema>;
