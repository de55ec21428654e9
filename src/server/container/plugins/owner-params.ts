import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { loginSchema } from "../../http/schemas.ts";
import type { Identity } from "../../identity/identity.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";

/** Which plugin a route below `container/plugins/:name` is about. */
export const ownerParams = z.object({ name: z.string().min(1).max(63) });
export const ownerQuery = z.object({
  user: loginSchema.optional().meta({ description: "whose plugin; default: the caller's" }),
});

/** @throws Problem 401. */
export async function ownerOf(
  identity: Identity,
  request: FastifyRequest,
  { name, user }: z.output<typeof ownerParams> & z.output<typeof ownerQuery>,
): Promise<PluginOwner> {
  const { login } = await identity.require(request);
  return { user: user ?? login, plugin: name };
}
