import { ErrorCode } from "../protocol/errors.ts";
import { offsetDelete } from "../protocol/messages/offset-delete.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";
import { codeOf } from "./refusal.ts";

/** Makes a group forget how far it has come in topics that it does not consume now. */
export const offsetDeleteRoute = (around: GroupApiSurroundings): Route =>
  route(offsetDelete, async ({ groupId, topics }, { principal }) => {
    if (!mayUseGroup(around, principal, "delete", groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED, topics: [] };
    }
    const check = (name: string, partition: number) => {
      if (!around.authorizer.authorize(principal, "read", { type: "topic", name })) {
        return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
      }
      return around.topics.byName(name)?.partitions[partition] === undefined
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : ErrorCode.NONE;
    };
    const asked = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ name, partitionIndex, code: check(name, partitionIndex) })),
    );
    const accepted = asked.filter(({ code }) => code === ErrorCode.NONE);
    const removed = await around.groups
      .removeOffsets(
        groupId,
        accepted.map(({ name, partitionIndex }) => [name, partitionIndex]),
      )
      .catch((error: unknown) => codeOf(error, around.log));
    if (!Array.isArray(removed)) return { errorCode: removed, topics: [] };
    const codes = new Map(accepted.map((one, index) => [one, removed[index] ?? ErrorCode.NONE]));
    return {
      errorCode: ErrorCode.NONE,
      topics: topics.map(({ name }) => ({
        name,
        partitions: asked
          .filter((one) => one.name === name)
          .map((one) => ({ partitionIndex: one.partitionIndex, errorCode: codes.get(one) ?? one.code })),
      })),
    };
  });
