import type { BrokerLog } from "../log-lines.ts";
import { isTopicName } from "../meta/topic-name.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { metadata } from "../protocol/messages/metadata.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import { type Authorizer, authorizedOperations, type Principal } from "../security.ts";
import { NO_TOPIC_ID, type Topic, type Topics } from "../topics.ts";

export interface MetadataSurroundings {
  readonly topics: Topics;
  readonly authorizer: Authorizer;
  readonly clusterId: string;
  /** Of the only broker, which is the controller too. */
  readonly nodeId: number;
  readonly log: BrokerLog;
}

type Described = ResponseOf<typeof metadata>["topics"][number];
type Asked = NonNullable<RequestOf<typeof metadata>["topics"]>[number];

const CLUSTER = { type: "cluster", name: "kafka-cluster" } as const;

/** First versions in which an empty list stands for no topic, and clients say whether a topic may be made. */
const EMPTY_MEANS_NONE_SINCE = 1;
const ASKS_FOR_CREATION_SINCE = 4;

/** Tells clients the one broker, at the address of the listener that they came through, and its topics. */
export const metadataRoute = (around: MetadataSurroundings): Route =>
  route(metadata, async (request, { apiVersion, principal, connection }) => {
    const asked = request.topics;
    const all = asked === null || (asked.length === 0 && apiVersion < EMPTY_MEANS_NONE_SINCE);
    const mayCreate = apiVersion < ASKS_FOR_CREATION_SINCE || request.allowAutoTopicCreation;
    const find = new TopicFinder(around, principal, request.includeTopicAuthorizedOperations);
    return {
      brokers: [{ nodeId: around.nodeId, ...connection.advertised }],
      clusterId: around.clusterId,
      controllerId: around.nodeId,
      topics: all ? find.all() : await Promise.all(asked.map((one) => find.one(one, mayCreate))),
      ...(request.includeClusterAuthorizedOperations && {
        clusterAuthorizedOperations: authorizedOperations(around.authorizer, principal, CLUSTER),
      }),
    };
  });

/** Looks topics up for one principal. */
class TopicFinder {
  readonly #around: MetadataSurroundings;
  readonly #principal: Principal;
  readonly #withOperations: boolean;

  constructor(around: MetadataSurroundings, principal: Principal, withOperations: boolean) {
    this.#around = around;
    this.#principal = principal;
    this.#withOperations = withOperations;
  }

  /** Those that the principal may see. */
  all(): Described[] {
    return Array.from(this.#around.topics.all())
      .filter(({ name }) => this.#may("describe", name))
      .map((topic) => this.#describe(topic));
  }

  async one({ topicId, name }: Asked, mayCreate: boolean): Promise<Described> {
    if (name === null || topicId !== NO_TOPIC_ID) return this.#byId(topicId);
    if (!this.#may("describe", name)) return unknownTopic(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    const found = this.#around.topics.byName(name);
    if (found !== undefined) return this.#describe(found);
    if (!isTopicName(name)) return unknownTopic(name, ErrorCode.INVALID_TOPIC_EXCEPTION);
    if (!mayCreate) return unknownTopic(name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    if (!this.#may("create", name)) return unknownTopic(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    try {
      return this.#describe(await this.#around.topics.createOnUse(name));
    } catch (error) {
      if (error instanceof KafkaError) return unknownTopic(name, error.code);
      this.#around.log.error({ topic: name, err: error }, "a topic could not be made");
      return unknownTopic(name, ErrorCode.KAFKA_STORAGE_ERROR);
    }
  }

  #byId(topicId: string): Described {
    const found = this.#around.topics.byId(topicId);
    if (found !== undefined && this.#may("describe", found.name)) return this.#describe(found);
    return { ...unknownTopic(null, ErrorCode.UNKNOWN_TOPIC_ID), topicId };
  }

  #describe({ name, id, partitions }: Topic): Described {
    const { nodeId, authorizer } = this.#around;
    const resource = { type: "topic", name } as const;
    return {
      errorCode: ErrorCode.NONE,
      name,
      topicId: id,
      partitions: partitions.map(({ leaderEpoch }, partitionIndex) => ({
        errorCode: ErrorCode.NONE,
        partitionIndex,
        leaderId: nodeId,
        leaderEpoch,
        replicaNodes: [nodeId],
        isrNodes: [nodeId],
      })),
      ...(this.#withOperations && {
        topicAuthorizedOperations: authorizedOperations(authorizer, this.#principal, resource),
      }),
    };
  }

  #may(operation: "describe" | "create", name: string): boolean {
    return this.#around.authorizer.authorize(this.#principal, operation, { type: "topic", name });
  }
}

const unknownTopic = (name: string | null, errorCode: ErrorCode): Described => ({
  errorCode,
  name,
  partitions: [],
});
