import { ErrorCode, KafkaError } from "../protocol/errors.ts";

/** Checks the brokers that a client picks for partitions. @throws KafkaError where it is not this one for each */
export function checkReplicas(
  assignments: readonly { brokerIds: readonly number[] }[],
  nodeId: number,
): void {
  for (const { brokerIds } of assignments) {
    if (brokerIds.length === 1 && brokerIds[0] === nodeId) continue;
    const why = `a partition has one replica, on broker ${nodeId}, and not on ${brokerIds.join(", ") || "none"}`;
    throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why);
  }
}
