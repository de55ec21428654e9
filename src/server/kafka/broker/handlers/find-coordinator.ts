import { ErrorCode } from "../protocol/errors.ts";
import { findCoordinator } from "../protocol/messages/find-coordinator.ts";
import { type ConnectionContext, type Route, route } from "../protocol/registry.ts";
import type { Principal } from "../security.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

const GROUP = 0;
/** Producers ask for the coordinator first; InitProducerId then tells them that there are no transactions. */
const TRANSACTION = 1;
const BATCHED_SINCE = 4;

/** Names this broker as the coordinator of everything. */
export const findCoordinatorRoute = (around: GroupApiSurroundings): Route =>
  route(findCoordinator, async ({ key, keyType, coordinatorKeys }, { apiVersion, principal, connection }) => {
    const find = (name: string) => answer(around, principal, connection, keyType, name);
    return apiVersion < BATCHED_SINCE
      ? find(key)
      : { coordinators: coordinatorKeys.map((name) => ({ key: name, ...find(name) })) };
  });

function answer(
  around: GroupApiSurroundings,
  principal: Principal,
  { advertised }: ConnectionContext,
  keyType: number,
  name: string,
) {
  const refuse = (errorCode: ErrorCode, errorMessage: string | null = null) => ({
    errorCode,
    errorMessage,
    nodeId: -1,
    host: "",
    port: -1,
  });
  if (keyType === GROUP) {
    if (name === "") return refuse(ErrorCode.INVALID_GROUP_ID);
    if (!mayUseGroup(around, principal, "describe", name))
      return refuse(ErrorCode.GROUP_AUTHORIZATION_FAILED);
  } else if (keyType !== TRANSACTION) {
    return refuse(ErrorCode.INVALID_REQUEST, `this broker has no coordinator of type ${keyType}`);
  }
  return { errorCode: ErrorCode.NONE, errorMessage: null, nodeId: around.nodeId, ...advertised };
}
