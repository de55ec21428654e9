import type { OffsetToCommit } from "../groups/coordinator.ts";
import { ErrorCode } from "../protocol/errors.ts";
import { offsetCommit } from "../protocol/messages/offset-commit.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { RequestOf } from "../protocol/schema.ts";
import type { Principal } from "../security.ts";
import { type GroupApiSurroundings, mayUseGroup } from "./group-surroundings.ts";
import { codeOf } from "./refusal.ts";

/** As in Kafka (`offset.metadata.max.bytes`). */
const MAX_METADATA_BYTES = 4096;

type Asked = RequestOf<typeof offsetCommit>["topics"][number];

/** Writes down how far a group has come. Partitions that cannot be committed leave the others. */
export const offsetCommitRoute = (around: GroupApiSurroundings): Route =>
  route(offsetCommit, async ({ groupId, topics, ...sender }, { principal }) => {
    const code = mayUseGroup(around, principal, "read", groupId)
      ? ErrorCode.NONE
      : ErrorCode.GROUP_AUTHORIZATION_FAILED;
    const checked = topics.map((topic) => ({ topic, codes: checkTopic(around, principal, topic) }));
    const accepted = checked.flatMap(({ topic, codes }) =>
      topic.partitions.flatMap((asked, index) =>
        codes[index] === ErrorCode.NONE ? [toCommit(topic.name, asked)] : [],
      ),
    );
    const member = { ...sender, generationId: sender.generationIdOrMemberEpoch };
    const result =
      code !== ErrorCode.NONE
        ? code
        : await around.groups
            .commit(groupId, member, accepted)
            .catch((error: unknown) => codeOf(error, around.log));
    return {
      topics: checked.map(({ topic: { name, partitions }, codes }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }, index) => ({
          partitionIndex,
          errorCode: codes[index] === ErrorCode.NONE ? result : (codes[index] ?? result),
        })),
      })),
    };
  });

function checkTopic(
  { topics, authorizer }: GroupApiSurroundings,
  principal: Principal,
  { name, partitions }: Asked,
): ErrorCode[] {
  const allowed = authorizer.authorize(principal, "read", { type: "topic", name });
  const known = topics.byName(name)?.partitions.length ?? 0;
  return partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => {
    if (!allowed) return ErrorCode.TOPIC_AUTHORIZATION_FAILED;
    if (partitionIndex < 0 || partitionIndex >= known) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (committedOffset < 0 || !Number.isSafeInteger(committedOffset)) return ErrorCode.OFFSET_OUT_OF_RANGE;
    if (Buffer.byteLength(committedMetadata ?? "") > MAX_METADATA_BYTES) {
      return ErrorCode.OFFSET_METADATA_TOO_LARGE;
    }
    return ErrorCode.NONE;
  });
}

const toCommit = (
  topic: string,
  { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }: Asked["partitions"][number],
): OffsetToCommit => ({
  topic,
  partition: partitionIndex,
  offset: committedOffset,
  leaderEpoch: committedLeaderEpoch,
  metadata: committedMetadata ?? "",
});
