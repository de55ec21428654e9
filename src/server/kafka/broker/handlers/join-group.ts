import { joinRefusal } from "../groups/member.ts";
import { ErrorCode } from "../protocol/errors.ts";
import { joinGroup } from "../protocol/messages/join-group.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

const MEMBER_ID_REQUIRED_SINCE = 4;
const SKIP_ASSIGNMENT_SINCE = 9;

/** Takes members into a group. The answer is parked until the rebalance has its members. */
export const joinGroupRoute = (around: GroupApiSurroundings): Route =>
  route(joinGroup, async (request, { apiVersion, clientId, principal, connection }) => {
    const { groupId, memberId, groupInstanceId, protocolType } = request;
    if (!mayUseGroup(around, principal, "read", groupId)) {
      return joinRefusal(ErrorCode.GROUP_AUTHORIZATION_FAILED, memberId);
    }
    return around.groups.join(
      groupId,
      {
        memberId,
        groupInstanceId,
        clientId: clientId ?? "",
        clientHost: `/${connection.remoteAddress}`,
        sessionTimeout: request.sessionTimeoutMs,
        rebalanceTimeout: request.rebalanceTimeoutMs,
        protocolType,
        // Copied, since the group keeps them while the frame that they came in can go.
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
        needsMemberId: apiVersion >= MEMBER_ID_REQUIRED_SINCE,
        canSkipAssignment: apiVersion >= SKIP_ASSIGNMENT_SINCE,
      },
      connection.signal,
    );
  });
