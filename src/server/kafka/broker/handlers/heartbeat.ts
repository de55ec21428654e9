import { ErrorCode } from "../protocol/errors.ts";
import { heartbeat } from "../protocol/messages/heartbeat.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

/** Keeps a member's session alive, and tells it of a rebalance. */
export const heartbeatRoute = (around: GroupApiSurroundings): Route =>
  route(heartbeat, async ({ groupId, ...member }, { principal }) => ({
    errorCode: mayUseGroup(around, principal, "read", groupId)
      ? around.groups.heartbeat(groupId, member)
      : ErrorCode.GROUP_AUTHORIZATION_FAILED,
  }));
