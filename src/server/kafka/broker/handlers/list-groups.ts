import { ErrorCode } from "../protocol/errors.ts";
import { listGroups } from "../protocol/messages/list-groups.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

const CLUSTER = { type: "cluster", name: "kafka-cluster" } as const;

/** The type that Kafka gives groups of the protocol of JoinGroup. */
const CLASSIC = "classic";

/** Lists the groups that the principal may see, with members or with offsets. Filters ignore case, as Kafka's do. */
export const listGroupsRoute = (around: GroupApiSurroundings): Route =>
  route(listGroups, async ({ statesFilter, typesFilter }, { principal }) => {
    const seesAll = around.authorizer.authorize(principal, "describe", CLUSTER);
    const accepts = (filter: readonly string[], value: string) =>
      filter.length === 0 || filter.some((wanted) => wanted.toLowerCase() === value.toLowerCase());
    const groups = [];
    for (const groupId of accepts(typesFilter, CLASSIC) ? around.groups.ids() : []) {
      if (!seesAll && !mayUseGroup(around, principal, "describe", groupId)) continue;
      const found = around.groups.describe(groupId);
      if (found === undefined || !accepts(statesFilter, found.state)) continue;
      groups.push({ groupId, protocolType: found.protocolType, groupState: found.state, groupType: CLASSIC });
    }
    return { errorCode: ErrorCode.NONE, groups };
  });
