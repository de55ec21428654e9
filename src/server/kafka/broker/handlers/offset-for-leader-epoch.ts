import { ErrorCode } from "../protocol/errors.ts";
import { offsetForLeaderEpoch } from "../protocol/messages/offset-for-leader-epoch.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type AdminApiSurroundings, mayUseTopic } from "./admin-surroundings.ts";
import { epochError } from "./fetch-plan.ts";

/** Tells a client that comes back where the epoch of its last record ended, so that it notices a log that was cut. */
export const offsetForLeaderEpochRoute = (
  around: Pick<AdminApiSurroundings, "topics" | "authorizer">,
): Route =>
  route(offsetForLeaderEpoch, async ({ topics }, { principal }) => ({
    topics: topics.map(({ topic, partitions }) => {
      const found = around.topics.byName(topic);
      const allowed = mayUseTopic(around, principal, "describe", topic);
      return {
        topic,
        partitions: partitions.map(({ partition, currentLeaderEpoch, leaderEpoch }) => {
          if (!allowed) return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, partition };
          const log = found?.partitions[partition];
          if (log === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, partition };
          const errorCode = epochError(log, currentLeaderEpoch);
          if (errorCode !== ErrorCode.NONE) return { errorCode, partition };
          const { epoch, endOffset } = log.endOffsetOfEpoch(leaderEpoch);
          return { errorCode, partition, leaderEpoch: epoch, endOffset };
        }),
      };
    }),
  }));
