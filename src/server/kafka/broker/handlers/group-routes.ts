import type { Route } from "../protocol/registry.ts";
import { deleteGroupsRoute } from "./delete-groups.ts";
import { describeGroupsRoute } from "./describe-groups.ts";
import { findCoordinatorRoute } from "./find-coordinator.ts";
import type { GroupApiSurroundings } from "./group-surroundings.ts";
import { heartbeatRoute } from "./heartbeat.ts";
import { joinGroupRoute } from "./join-group.ts";
import { leaveGroupRoute } from "./leave-group.ts";
import { listGroupsRoute } from "./list-groups.ts";
import { offsetCommitRoute } from "./offset-commit.ts";
import { offsetDeleteRoute } from "./offset-delete.ts";
import { offsetFetchRoute } from "./offset-fetch.ts";
import { syncGroupRoute } from "./sync-group.ts";

/** The APIs of groups and their offsets. */
export const groupRoutes = (around: GroupApiSurroundings): Route[] => [
  findCoordinatorRoute(around),
  joinGroupRoute(around),
  syncGroupRoute(around),
  heartbeatRoute(around),
  leaveGroupRoute(around),
  describeGroupsRoute(around),
  listGroupsRoute(around),
  deleteGroupsRoute(around),
  offsetCommitRoute(around),
  offsetFetchRoute(around),
  offsetDeleteRoute(around),
];
