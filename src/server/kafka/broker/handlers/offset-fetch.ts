import type { CommittedOffset } from "../groups/offset-store.ts";
import { ErrorCode } from "../protocol/errors.ts";
import { offsetFetch } from "../protocol/messages/offset-fetch.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { Principal } from "../security.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";

const GROUP_ERROR_SINCE = 2;
const BATCHED_SINCE = 8;

/** Topics with partitions; null for all that the group has committed. */
type Asked = readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;

/** Tells how far groups have come. Where nothing was committed the offset is -1, which is no error. */
export const offsetFetchRoute = (around: GroupApiSurroundings): Route =>
  route(offsetFetch, async ({ groupId, topics, groups }, { apiVersion, principal }) => {
    if (apiVersion >= BATCHED_SINCE) {
      return {
        groups: groups.map((group) => ({
          groupId: group.groupId,
          ...fetchOffsets(around, principal, group.groupId, group.topics),
        })),
      };
    }
    const found = fetchOffsets(around, principal, groupId, topics);
    if (apiVersion >= GROUP_ERROR_SINCE || found.errorCode === ErrorCode.NONE) return found;
    // The first version has no place for an error of the group.
    return {
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((index) => offsetOf(index, undefined, found.errorCode)),
      })),
    };
  });

function fetchOffsets(around: GroupApiSurroundings, principal: Principal, groupId: string, asked: Asked) {
  if (!mayUseGroup(around, principal, "describe", groupId)) {
    return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] };
  }
  const committed = around.groups.offsets(groupId);
  const maySee = (name: string) =>
    around.authorizer.authorize(principal, "describe", { type: "topic", name });
  if (asked === null) {
    return {
      errorCode: ErrorCode.NONE,
      topics: [...committed]
        .filter(([name]) => maySee(name))
        .map(([name, partitions]) => ({
          name,
          partitions: [...partitions].map(([index, offset]) => offsetOf(index, offset, ErrorCode.NONE)),
        })),
    };
  }
  return {
    errorCode: ErrorCode.NONE,
    topics: asked.map(({ name, partitionIndexes }) => {
      const partitions = maySee(name) ? committed.get(name) : undefined;
      const errorCode = maySee(name) ? ErrorCode.NONE : ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      return {
        name,
        partitions: partitionIndexes.map((index) => offsetOf(index, partitions?.get(index), errorCode)),
      };
    }),
  };
}

const offsetOf = (partitionIndex: number, found: CommittedOffset | undefined, errorCode: ErrorCode) => ({
  partitionIndex,
  committedOffset: found?.offset ?? -1,
  committedLeaderEpoch: found?.leaderEpoch ?? -1,
  metadata: found?.metadata ?? "",
  errorCode,
});
