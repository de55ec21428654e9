import type { FastifyRequest } from "fastify";
import type { Permission } from "../../../core/permissions.ts";
import { type Caller, loadRoles } from "../authenticator.ts";
import type { IdentityDatabase } from "../changes.ts";
import type { IdentityService } from "../identity-service.ts";
import { type Grant, rightsCover } from "../rights.ts";

/** An action about to be done, as the audit log would name it. */
export interface Attempt {
  action: string;
  resource: string;
  provider?: string | undefined;
}

/** Refuses to hand out, or to touch, what goes beyond the caller's own rights. @throws Problem 403, audited. */
export async function assertCovers(
  identity: IdentityService,
  request: FastifyRequest,
  attempt: Attempt,
  grants: readonly Grant[],
): Promise<void> {
  const { principal, rights } = await identity.caller(request);
  if (rightsCover(rights, grants)) return;
  throw await identity.deny(request, {
    actor: principal,
    ...attempt,
    code: "exceeds_own_rights",
    detail: "this needs rights that you do not have yourself",
  });
}

/** Refuses to change a user who may do more than the caller: a new password would hand all of it over. */
export async function assertOutranks(
  identity: IdentityService,
  request: FastifyRequest,
  attempt: Attempt,
  target: { db: IdentityDatabase; userId: string },
): Promise<void> {
  const { grants } = await loadRoles(target.db, target.userId);
  await assertCovers(identity, request, attempt, grants);
}

/** True when the caller has the permission server-wide or in some provider. */
export const hasAnywhere = ({ rights }: Caller, permission: Permission) =>
  rights.grants.some((grant) => grant.permission === permission) &&
  (rights.limits === null || rights.limits.scopes.includes(permission));
