import type { GroupCoordinator } from "../groups/coordinator.ts";
import type { BrokerLog } from "../log-lines.ts";
import type { Authorizer, Operation, Principal } from "../security.ts";
import type { Topics } from "../topics.ts";

/** What the APIs of groups work on. */
export interface GroupApiSurroundings {
  readonly groups: GroupCoordinator;
  readonly topics: Topics;
  readonly authorizer: Authorizer;
  /** Of the only broker, which coordinates every group. */
  readonly nodeId: number;
  readonly log: BrokerLog;
}

export const mayUseGroup = (
  { authorizer }: Pick<GroupApiSurroundings, "authorizer">,
  principal: Principal,
  operation: Operation,
  name: string,
): boolean => authorizer.authorize(principal, operation, { type: "group", name });
