import type { BrokerLog } from "../log-lines.ts";
import type { ProducerIds } from "../meta/producer-ids.ts";
import type { TopicRegistry } from "../meta/topic-registry.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import type { Authorizer, Operation, Principal } from "../security.ts";
import type { Topics } from "../topics.ts";

/** What the APIs of topics, settings and the cluster work on. */
export interface AdminApiSurroundings {
  /** Where topics are made and changed. */
  readonly registry: TopicRegistry;
  /** Where their records are. */
  readonly topics: Topics;
  readonly producerIds: ProducerIds;
  readonly authorizer: Authorizer;
  /** Settings of the broker to show, by Kafka's names. */
  readonly brokerConfigs: Readonly<Record<string, string>>;
  readonly clusterId: string;
  readonly nodeId: number;
  readonly log: BrokerLog;
}

export const CLUSTER = { type: "cluster", name: "kafka-cluster" } as const;

/** Numbers of the protocol for what has settings. */
export const ResourceType = { TOPIC: 2, BROKER: 4 } as const;

export const mayUseTopic = (
  { authorizer }: Pick<AdminApiSurroundings, "authorizer">,
  principal: Principal,
  operation: Operation,
  name: string,
): boolean => authorizer.authorize(principal, operation, { type: "topic", name });

/** @throws KafkaError TOPIC_AUTHORIZATION_FAILED */
export function requireTopic(
  around: Pick<AdminApiSurroundings, "authorizer">,
  principal: Principal,
  operation: Operation,
  name: string,
): void {
  if (mayUseTopic(around, principal, operation, name)) return;
  throw new KafkaError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, `not allowed: ${operation} of topic ${name}`);
}

/** Names that a request holds more than once; what is asked for them contradicts itself. */
export function repeated(names: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) twice.add(name);
    seen.add(name);
  }
  return twice;
}

/** @throws KafkaError INVALID_REQUEST for a name that is among those */
export function refuseRepeated(twice: ReadonlySet<string>, name: string): void {
  if (!twice.has(name)) return;
  throw new KafkaError(ErrorCode.INVALID_REQUEST, `${name} is in the request more than once`);
}
