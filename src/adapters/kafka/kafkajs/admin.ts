import kafkajs, { type DescribeConfigResponse } from "kafkajs";
import type { TopicConfig } from "../../../core/kafka/topics.ts";
import type { AdminPort, GroupInfo, Offsets } from "../port.ts";
import type { KafkaClient } from "./client.ts";

/** `config_source` of the protocol. */
const SOURCE = { topic: 1, default: 5 } as const;

const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;

const offsetsOf = (partitions: readonly { partition: number; offset: string }[]): Offsets =>
  new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]));

/** Administration through kafkajs. */
export function createAdmin(client: KafkaClient): AdminPort {
  const timeout = client.timeoutMs;
  return {
    cluster: () =>
      client.withAdmin({}, async (admin) => {
        const { clusterId, brokers } = await admin.describeCluster();
        return { clusterId: clusterId || null, brokers: brokers.length };
      }),

    topics: (names) =>
      client.withAdmin({ topic: names?.[0] }, async (admin) => {
        const { topics } = await admin.fetchTopicMetadata(
          names === undefined ? undefined : { topics: [...names] },
        );
        return topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions
            .map(({ partitionId, leader, replicas, isr }) => ({
              partition: partitionId,
              leader,
              replicas,
              inSyncReplicas: isr,
            }))
            .sort((a, b) => a.partition - b.partition),
        }));
      }),

    createTopic: ({ name, partitions, replicationFactor, configs, validateOnly }) =>
      client.withAdmin({ topic: name }, async (admin) => {
        const created = await admin.createTopics({
          topics: [
            {
              topic: name,
              numPartitions: partitions ?? -1,
              replicationFactor: replicationFactor ?? -1,
              configEntries: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
            },
          ],
          validateOnly,
          timeout,
          waitForLeaders: !validateOnly,
        });
        // kafkajs tells of a topic that is there already by `false`.
        if (!created) throw Object.assign(new Error("it exists"), { type: "TOPIC_ALREADY_EXISTS" });
      }),

    deleteTopic: (name) =>
      client.withAdmin({ topic: name }, (admin) => admin.deleteTopics({ topics: [name], timeout })),

    configs: (topic) =>
      client.withAdmin({ topic }, async (admin) => {
        const { resources } = await admin.describeConfigs({
          resources: [{ type: TOPIC, name: topic }],
          includeSynonyms: false,
        });
        return (resources[0]?.configEntries ?? []).map(toConfig).sort((a, b) => (a.name < b.name ? -1 : 1));
      }),

    setConfigs: (topic, configs, validateOnly) =>
      client.withAdmin({ topic }, async (admin) => {
        const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
        await admin.alterConfigs({ resources: [{ type: TOPIC, name: topic, configEntries }], validateOnly });
      }),

    offsets: (topic, at) =>
      client.withAdmin({ topic }, async (admin) => {
        if (typeof at === "number") return offsetsOf(await admin.fetchTopicOffsetsByTimestamp(topic, at));
        const partitions = await admin.fetchTopicOffsets(topic);
        return new Map(
          partitions.map(({ partition, low, high }) => [partition, Number(at === "first" ? low : high)]),
        );
      }),

    groups: () =>
      client.withAdmin({}, async (admin) => {
        const { groups } = await admin.listGroups();
        return groups.map(({ groupId, protocolType }) => ({ name: groupId, protocolType }));
      }),

    describeGroups: (names) =>
      client.withAdmin({ group: names[0] }, async (admin): Promise<GroupInfo[]> => {
        const { groups } = await admin.describeGroups([...names]);
        return groups.map(({ groupId, state, protocolType, protocol, members }) => ({
          name: groupId,
          state,
          protocolType,
          protocol,
          members: members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
            id: memberId,
            clientId,
            host: clientHost,
            partitions: assignedPartitions(memberAssignment),
          })),
        }));
      }),

    committed: (group) =>
      client.withAdmin({ group }, async (admin) => {
        const topics = await admin.fetchOffsets({ groupId: group });
        const known = topics.map(
          ({ topic, partitions }) =>
            [topic, offsetsOf(partitions.filter(({ offset }) => Number(offset) >= 0))] as const,
        );
        return new Map(known.filter(([, offsets]) => offsets.size > 0));
      }),

    // kafkajs' own way joins the group and fetches from it; this is what the protocol has for groups without members.
    commit: (group, offsets) =>
      client.withCluster({ group }, async (cluster) => {
        const coordinator = await cluster.findGroupCoordinator({ groupId: group });
        const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([topic, partitions]) => ({
          topic,
          partitions: partitions.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
        }));
        await coordinator.offsetCommit({ groupId: group, groupGenerationId: -1, memberId: "", topics });
      }),

    deleteGroup: (name) =>
      client.withAdmin({ group: name }, async (admin) => {
        await admin.deleteGroups([name]);
      }),
  };
}

/** kafkajs types what brokers of before Kafka 1.1 say as well. */
type ConfigEntry = DescribeConfigResponse["resources"][number]["configEntries"][number];

function toConfig({
  configName,
  configValue,
  configSource,
  isSensitive,
  readOnly,
}: ConfigEntry): TopicConfig {
  const source: number = configSource;
  return {
    name: configName,
    value: isSensitive ? null : configValue,
    origin: source === SOURCE.topic ? "topic" : source === SOURCE.default ? "default" : "broker",
    readOnly,
  };
}

/** What a member reads; nothing for members of groups that share something else than partitions. */
function assignedPartitions(assignment: Buffer): { topic: string; partition: number }[] {
  if (assignment.length === 0) return [];
  try {
    const decoded = kafkajs.AssignerProtocol.MemberAssignment.decode(assignment);
    return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  } catch {
    return [];
  }
}
