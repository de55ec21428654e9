import { syncRefusal } from "../groups/member.ts";
import { ErrorCode } from "../protocol/errors.ts";
import { syncGroup } from "../protocol/messages/sync-group.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

/** First version in which members say what they have agreed on. */
const NAMES_PROTOCOL_SINCE = 5;

/** Takes the leader's assignment and hands each member its part. Parked until the leader has assigned. */
export const syncGroupRoute = (around: GroupApiSurroundings): Route =>
  route(syncGroup, async ({ groupId, assignments, ...request }, { apiVersion, principal, connection }) => {
    if (!mayUseGroup(around, principal, "read", groupId)) {
      return syncRefusal(ErrorCode.GROUP_AUTHORIZATION_FAILED);
    }
    if (
      apiVersion >= NAMES_PROTOCOL_SINCE &&
      (request.protocolType === null || request.protocolName === null)
    ) {
      return syncRefusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
    }
    // Copied, since the group keeps them while the frame that they came in can go.
    const copied = assignments.map(({ memberId, assignment }) => ({
      memberId,
      assignment: Buffer.from(assignment),
    }));
    return around.groups.sync(groupId, { ...request, assignments: copied }, connection.signal);
  });
