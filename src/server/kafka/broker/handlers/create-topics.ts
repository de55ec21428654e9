import type { StoredTopic } from "../meta/records.ts";
import type { NewTopic } from "../meta/topic-registry.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { createTopics } from "../protocol/messages/create-topics.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { Principal } from "../security.ts";
import {
  type AdminApiSurroundings,
  CLUSTER,
  mayUseTopic,
  refuseRepeated,
  repeated,
  requireTopic,
} from "./admin-surroundings.ts";
import { refusalOf, SUCCESS } from "./refusal.ts";
import { checkReplicas } from "./replicas.ts";
import { describeTopicConfigs } from "./topic-config-entries.ts";

type Asked = RequestOf<typeof createTopics>["topics"][number];
type Created = ResponseOf<typeof createTopics>["topics"][number];

/** Where the broker is to decide. */
const DEFAULT = -1;

/** Makes topics, each for itself. */
export const createTopicsRoute = (around: AdminApiSurroundings): Route =>
  route(createTopics, async ({ topics, validateOnly }, { principal }) => {
    const twice = repeated(topics.map(({ name }) => name));
    // A name that is there twice is answered once.
    const each = new Map(topics.map((topic) => [topic.name, topic]));
    return {
      topics: await Promise.all(
        [...each.values()].map(async (asked): Promise<Created> => {
          try {
            refuseRepeated(twice, asked.name);
            const topic = await create(around, principal, asked, validateOnly);
            return {
              ...describe(around, principal, topic),
              ...(validateOnly && { topicId: undefined }),
            };
          } catch (error) {
            return { name: asked.name, configs: [], ...refusalOf(error, around.log) };
          }
        }),
      ),
    };
  });

async function create(
  around: AdminApiSurroundings,
  principal: Principal,
  asked: Asked,
  validateOnly: boolean,
): Promise<StoredTopic> {
  if (!around.authorizer.authorize(principal, "create", CLUSTER)) {
    requireTopic(around, principal, "create", asked.name);
  }
  const topic = toNewTopic(asked, around.nodeId);
  return validateOnly ? around.registry.check(topic) : around.registry.create(topic);
}

/** @throws KafkaError for what one broker cannot do */
function toNewTopic({ name, numPartitions, replicationFactor, assignments, configs }: Asked, nodeId: number) {
  const topic: NewTopic = { name, configs: toOverrides(configs) };
  if (assignments.length > 0) {
    if (numPartitions !== DEFAULT || replicationFactor !== DEFAULT) {
      const why = "with an assignment of replicas, partitions and replication factor must be -1";
      throw new KafkaError(ErrorCode.INVALID_REQUEST, why);
    }
    const indexes = assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b);
    if (indexes.some((partition, index) => partition !== index)) {
      const why = "partitions must be assigned from 0 on without a gap";
      throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why);
    }
    checkReplicas(assignments, nodeId);
    return { ...topic, partitions: assignments.length };
  }
  if (replicationFactor !== DEFAULT && replicationFactor !== 1) {
    const why = `replication factor ${replicationFactor}: there is one broker, so it can only be 1`;
    throw new KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, why);
  }
  return numPartitions === DEFAULT ? topic : { ...topic, partitions: numPartitions };
}

function toOverrides(configs: Asked["configs"]): Record<string, string> {
  return Object.fromEntries(
    configs.map(({ name, value }) => {
      if (value === null) throw new KafkaError(ErrorCode.INVALID_CONFIG, `${name} has no value`);
      return [name, value];
    }),
  );
}

function describe(around: AdminApiSurroundings, principal: Principal, topic: StoredTopic): Created {
  const shows = mayUseTopic(around, principal, "describeConfigs", topic.name);
  return {
    name: topic.name,
    topicId: topic.id,
    ...SUCCESS,
    ...(shows
      ? {
          numPartitions: topic.partitions,
          replicationFactor: 1,
          configs: describeTopicConfigs(topic.configs, around.registry.defaultConfigs),
        }
      : { topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, configs: null }),
  };
}
