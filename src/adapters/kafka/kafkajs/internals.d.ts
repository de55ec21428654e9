// The modules of kafkajs 2.2.4 that are used beside its public ones, which cannot read without a group, commit for a
// group that sleeps, or have several batches of one partition under way. The version is pinned in package.json.

declare module "kafkajs/src/cluster/index.js" {
  import type { KafkaConfig, Logger } from "kafkajs";

  export interface FetchedMessage {
    offset: string;
    timestamp: string;
    key: Buffer | null;
    value: Buffer | null;
    headers: Record<string, Buffer | Buffer[]>;
    isControlRecord?: boolean;
  }

  export interface FetchedPartition {
    partition: number;
    highWatermark: string;
    lastStableOffset: string;
    abortedTransactions: { producerId: string; firstOffset: string }[];
    messages: FetchedMessage[];
  }

  export interface ProducedPartition {
    partition: number;
    /** -1 where nobody said. */
    baseOffset?: string;
    offset?: string;
  }

  export interface Broker {
    nodeId: string;
    disconnect(): Promise<void>;
    fetch(request: {
      isolationLevel: number;
      maxWaitTime: number;
      minBytes: number;
      maxBytes: number;
      topics: {
        topic: string;
        partitions: { partition: number; fetchOffset: string; maxBytes: number }[];
      }[];
    }): Promise<{ responses: { topicName: string; partitions: FetchedPartition[] }[] }>;
    produce(request: {
      topicData: {
        topic: string;
        partitions: { partition: number; firstSequence: number; messages: readonly object[] }[];
      }[];
      producerId: string | number;
      producerEpoch: number;
      acks: number;
      timeout: number;
      compression: number;
    }): Promise<{ topics: { topicName: string; partitions: ProducedPartition[] }[] } | undefined>;
    initProducerId(request: {
      transactionTimeout: number;
    }): Promise<{ producerId: string; producerEpoch: number }>;
    offsetCommit(request: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
      topics: { topic: string; partitions: { partition: number; offset: string }[] }[];
    }): Promise<unknown>;
  }

  export interface TopicPlaces {
    topic: string;
    partitions: { partition: number }[];
    fromBeginning?: boolean;
    fromTimestamp?: number;
  }

  export default class Cluster {
    constructor(
      options: Omit<KafkaConfig, "logLevel" | "logCreator"> & {
        logger: Logger;
        allowAutoTopicCreation: boolean;
        maxInFlightRequests: number | null;
        isolationLevel: number;
        metadataMaxAge: number;
      },
    );
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    isConnected(): boolean;
    addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
    refreshMetadata(): Promise<void>;
    refreshMetadataIfNecessary(): Promise<void>;
    removeBroker(address: { host: string; port: number }): void;
    findTopicPartitionMetadata(topic: string): { partitionId: number; leader: number }[];
    findBroker(request: { nodeId: string | number }): Promise<Broker>;
    findControllerBroker(): Promise<Broker>;
    findGroupCoordinator(request: { groupId: string }): Promise<Broker>;
    fetchTopicsOffset(
      topics: TopicPlaces[],
    ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
  }
}

declare module "kafkajs/src/network/socketFactory.js" {
  import type { ISocketFactory } from "kafkajs";
  export default function socketFactory(): ISocketFactory;
}

declare module "kafkajs/src/consumer/filterAbortedMessages.js" {
  import type { FetchedMessage, FetchedPartition } from "kafkajs/src/cluster/index.js";
  export default function filterAbortedMessages(
    fetched: Pick<FetchedPartition, "messages" | "abortedTransactions">,
  ): FetchedMessage[];
}

declare module "kafkajs/src/network/requestQueue/index.js" {
  export default class RequestQueue {
    pending: unknown[];
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    checkPendingRequests(): void;
    scheduleCheckPendingRequests(): void;
  }
}
