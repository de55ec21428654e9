import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { deleteRecords } from "../protocol/messages/delete-records.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { Principal } from "../security.ts";
import { type AdminApiSurroundings, requireTopic } from "./admin-surroundings.ts";
import { codeOf } from "./refusal.ts";

/** Stands for the end of the partition. */
const ALL = -1;

/** Removes the records before an offset, in each partition for itself. */
export const deleteRecordsRoute = (around: AdminApiSurroundings): Route =>
  route(deleteRecords, async ({ topics }, { principal }) => ({
    topics: await Promise.all(
      topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(
          partitions.map(async ({ partitionIndex, offset }) => {
            try {
              const lowWatermark = await removeBefore(around, principal, name, partitionIndex, offset);
              return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE };
            } catch (error) {
              return { partitionIndex, lowWatermark: -1, errorCode: codeOf(error, around.log) };
            }
          }),
        ),
      })),
    ),
  }));

/** @returns the offset of the first record that is left */
async function removeBefore(
  around: AdminApiSurroundings,
  principal: Principal,
  name: string,
  index: number,
  asked: number,
): Promise<number> {
  requireTopic(around, principal, "delete", name);
  const partition = around.topics.byName(name)?.partitions[index];
  if (partition === undefined) {
    throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no partition ${name}-${index}`);
  }
  const offset = asked === ALL ? partition.logEnd : asked;
  if (offset < 0 || offset > partition.logEnd) {
    throw new KafkaError(
      ErrorCode.OFFSET_OUT_OF_RANGE,
      `${name}-${index} ends at offset ${partition.logEnd}`,
    );
  }
  if (offset > partition.logStart) await partition.deleteBefore(offset);
  return partition.logStart;
}
