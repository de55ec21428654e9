import { ErrorCode } from "../protocol/errors.ts";
import { leaveGroup } from "../protocol/messages/leave-group.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

const SEVERAL_SINCE = 3;

/** Lets members go at once, so that the others need not wait for their sessions to end. */
export const leaveGroupRoute = (around: GroupApiSurroundings): Route =>
  route(leaveGroup, async ({ groupId, memberId, members }, { apiVersion, principal }) => {
    if (!mayUseGroup(around, principal, "read", groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, members: [] };
    }
    if (groupId === "") return { errorCode: ErrorCode.INVALID_GROUP_ID, members: [] };
    const leaving = apiVersion < SEVERAL_SINCE ? [{ memberId, groupInstanceId: null }] : members;
    const codes = around.groups.leave(groupId, leaving);
    if (apiVersion < SEVERAL_SINCE) return { errorCode: codes[0] ?? ErrorCode.NONE };
    return {
      errorCode: ErrorCode.NONE,
      members: leaving.map((member, index) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        errorCode: codes[index] ?? ErrorCode.NONE,
      })),
    };
  });
