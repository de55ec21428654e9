import { ErrorCode } from "../protocol/errors.ts";
import { deleteGroups } from "../protocol/messages/delete-groups.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";
import { codeOf } from "./refusal.ts";

/** Removes groups without members, with their offsets. */
export const deleteGroupsRoute = (around: GroupApiSurroundings): Route =>
  route(deleteGroups, async ({ groupsNames }, { principal }) => {
    const remove = async (groupId: string) => {
      if (!mayUseGroup(around, principal, "delete", groupId)) return ErrorCode.GROUP_AUTHORIZATION_FAILED;
      return around.groups.remove(groupId).catch((error: unknown) => codeOf(error, around.log));
    };
    return {
      results: await Promise.all(
        groupsNames.map(async (groupId) => ({ groupId, errorCode: await remove(groupId) })),
      ),
    };
  });
