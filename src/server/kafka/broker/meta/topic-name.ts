import { ErrorCode, KafkaError } from "../protocol/errors.ts";

const NAME = /^[a-zA-Z0-9._-]{1,249}$/;

/** Names that metrics of Kafka's tools cannot tell apart. */
export const collisionKey = (name: string) => name.replaceAll(".", "_");

export const isTopicName = (name: string): boolean => NAME.test(name) && name !== "." && name !== "..";

/** @throws KafkaError INVALID_TOPIC_EXCEPTION for what is no name of a topic. */
export function checkTopicName(name: string): void {
  if (isTopicName(name)) return;
  throw new KafkaError(
    ErrorCode.INVALID_TOPIC_EXCEPTION,
    `invalid topic name "${name.slice(0, 300)}": 1 to 249 of the characters a-z A-Z 0-9 . _ - and not . or ..`,
  );
}
