import { invalidError } from "../../core/errors.ts";
import type { TopicDetail, TopicSummary, Topics } from "../../core/kafka/topics.ts";
import type { AdminPort, TopicInfo } from "./port.ts";

export function createTopics(admin: AdminPort): Topics {
  return {
    async list() {
      const topics = await admin.topics();
      return topics.map(summary).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async describe(name) {
      const [topics, first, end, configs] = await Promise.all([
        admin.topics([name]),
        admin.offsets(name, "first"),
        admin.offsets(name, "end"),
        admin.configs(name),
      ]);
      const topic = topics[0] ?? { name, partitions: [] };
      const partitionDetails = topic.partitions.map(({ leader, ...partition }) => {
        const firstOffset = first.get(partition.partition) ?? 0;
        const endOffset = end.get(partition.partition) ?? 0;
        return {
          ...partition,
          leader: leader < 0 ? null : leader,
          firstOffset,
          endOffset,
          messages: endOffset - firstOffset,
        };
      });
      return {
        ...summary(topic),
        messages: partitionDetails.reduce((sum, { messages }) => sum + messages, 0),
        partitionDetails,
        configs: Object.fromEntries(
          configs.filter(({ origin }) => origin === "topic").map(({ name, value }) => [name, value]),
        ),
      } satisfies TopicDetail;
    },

    create: ({ name, partitions, replicationFactor, configs, dryRun }) =>
      admin.createTopic({ name, partitions, replicationFactor, configs, validateOnly: dryRun }),

    async delete(name) {
      // A topic that brokers do not know may be one that they do not know yet: kafkajs would ask again for seconds.
      await admin.topics([name]);
      await admin.deleteTopic(name);
    },

    configs: (name) => admin.configs(name),

    async changeConfigs({ topic, set, unset, dryRun }) {
      const before = await admin.configs(topic);
      const known = new Map(before.map((config) => [config.name, config]));
      const unknown = [...Object.keys(set), ...unset].find((name) => !known.has(name));
      if (unknown !== undefined) {
        throw invalidError(`topics have no configuration "${unknown}"`, {
          hint: `plugctl kafka topics configs ${topic} --all shows those that they have`,
        });
      }
      // The request that every broker knows replaces all that the topic has set, so the rest goes along.
      const own = before.filter(({ name, origin }) => origin === "topic" && !unset.includes(name));
      const after = { ...Object.fromEntries(own.map(({ name, value }) => [name, value ?? ""])), ...set };
      await admin.setConfigs(topic, after, dryRun);
      return dryRun ? before : admin.configs(topic);
    },
  };
}

const summary = ({ name, partitions }: TopicInfo): TopicSummary => ({
  name,
  partitions: partitions.length,
  replicationFactor: partitions[0]?.replicas.length ?? 0,
  internal: name.startsWith("__"),
});
