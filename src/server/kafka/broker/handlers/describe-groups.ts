import { ErrorCode } from "../protocol/errors.ts";
import { describeGroups } from "../protocol/messages/describe-groups.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { ResponseOf } from "../protocol/schema.ts";
import { authorizedOperations } from "../security.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

type Described = ResponseOf<typeof describeGroups>["groups"][number];

/** Shows groups with their members. */
export const describeGroupsRoute = (around: GroupApiSurroundings): Route =>
  route(describeGroups, async ({ groups, includeAuthorizedOperations }, { principal }) => ({
    groups: groups.map((groupId) => {
      if (!mayUseGroup(around, principal, "describe", groupId)) {
        return withoutMembers(groupId, "", ErrorCode.GROUP_AUTHORIZATION_FAILED);
      }
      const operations = includeAuthorizedOperations && {
        authorizedOperations: authorizedOperations(around.authorizer, principal, {
          type: "group",
          name: groupId,
        }),
      };
      return { ...describe(around, groupId), ...operations };
    }),
  }));

const withoutMembers = (groupId: string, groupState: string, errorCode: ErrorCode): Described => ({
  errorCode,
  groupId,
  groupState,
  protocolType: "",
  protocolData: "",
  members: [],
});

/** A group that there is not is shown as dead, which is no error. */
function describe({ groups }: GroupApiSurroundings, groupId: string): Described {
  const found = groups.describe(groupId);
  if (found === undefined) return withoutMembers(groupId, "Dead", ErrorCode.NONE);
  const { state, protocolType, protocolName, members } = found;
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: state,
    protocolType,
    protocolData: protocolName,
    members: members.map(({ id, instanceId, clientId, clientHost, metadata, assignment }) => ({
      memberId: id,
      groupInstanceId: instanceId,
      clientId,
      clientHost,
      memberMetadata: metadata,
      memberAssignment: assignment,
    })),
  };
}
