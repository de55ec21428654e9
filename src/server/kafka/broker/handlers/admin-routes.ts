import type { Route } from "../protocol/registry.ts";
import type { AdminApiSurroundings } from "./admin-surroundings.ts";
import { alterConfigsRoute } from "./alter-configs.ts";
import { createPartitionsRoute } from "./create-partitions.ts";
import { createTopicsRoute } from "./create-topics.ts";
import { deleteRecordsRoute } from "./delete-records.ts";
import { deleteTopicsRoute } from "./delete-topics.ts";
import { describeClusterRoute } from "./describe-cluster.ts";
import { describeConfigsRoute } from "./describe-configs.ts";
import { incrementalAlterConfigsRoute } from "./incremental-alter-configs.ts";
import { initProducerIdRoute } from "./init-producer-id.ts";
import { offsetForLeaderEpochRoute } from "./offset-for-leader-epoch.ts";

/** The APIs of topics, their settings, producer ids and the cluster. */
export const adminRoutes = (around: AdminApiSurroundings): Route[] => [
  createTopicsRoute(around),
  deleteTopicsRoute(around),
  deleteRecordsRoute(around),
  createPartitionsRoute(around),
  describeConfigsRoute(around),
  alterConfigsRoute(around),
  incrementalAlterConfigsRoute(around),
  initProducerIdRoute(around),
  offsetForLeaderEpochRoute(around),
  describeClusterRoute(around),
];
