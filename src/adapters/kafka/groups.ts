import { conflictError, notFoundError } from "../../core/errors.ts";
import type { ConsumerGroups, GroupOffset, GroupSummary, ResetOffset } from "../../core/kafka/groups.ts";
import type { AdminPort, GroupInfo } from "./port.ts";
import { positionsIn } from "./positions.ts";

export function createGroups(admin: AdminPort, target: string): ConsumerGroups {
  /** @throws NOT_FOUND: brokers describe a group that they do not know as dead. */
  async function find(name: string): Promise<GroupInfo> {
    const [group] = await admin.describeGroups([name]);
    if (group !== undefined && group.state !== "Dead") return group;
    throw notFoundError(`there is no group "${name}" on ${target}`, {
      hint: `plugctl kafka groups list -t ${target} shows those that there are`,
    });
  }

  return {
    async list() {
      const found = await admin.groups();
      if (found.length === 0) return [];
      const groups = await admin.describeGroups(found.map(({ name }) => name));
      return groups.map(summary).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async describe(name) {
      const group = await find(name);
      const committed = await admin.committed(name);
      const readers = group.members.flatMap(({ id, partitions }) =>
        partitions.map(({ topic, partition }) => ({ topic, partition, member: id })),
      );
      const topics = new Set([...committed.keys(), ...readers.map(({ topic }) => topic)]);
      const offsets = await Promise.all(
        [...topics].sort().map(async (topic): Promise<GroupOffset[]> => {
          const end = await admin.offsets(topic, "end");
          const own = readers.filter((reader) => reader.topic === topic);
          const partitions = new Set([
            ...(committed.get(topic)?.keys() ?? []),
            ...own.map(({ partition }) => partition),
          ]);
          return [...partitions]
            .sort((a, b) => a - b)
            .map((partition) => {
              const offset = committed.get(topic)?.get(partition) ?? null;
              const endOffset = end.get(partition) ?? 0;
              const member = own.find((reader) => reader.partition === partition)?.member ?? null;
              const lag = offset === null ? null : Math.max(0, endOffset - offset);
              return { topic, partition, offset, endOffset, lag, member };
            });
        }),
      );
      const all = offsets.flat();
      return {
        ...summary(group),
        assignor: group.protocol === "" ? null : group.protocol,
        lag: all.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
        memberDetails: group.members,
        offsets: all,
      };
    },

    async reset({ group: name, topics, to, dryRun }) {
      const [described] = await admin.describeGroups([name]);
      if (described !== undefined && described.members.length > 0) {
        throw conflictError(`group "${name}" has ${described.members.length} members, and would not notice`, {
          hint: "stop its consumers first",
        });
      }
      const committed = await admin.committed(name);
      // A group that nobody has made yet can be given offsets, where the topics are said.
      if (topics === undefined && committed.size === 0) await find(name);
      const wanted =
        topics ?? [...committed].map(([topic, offsets]) => ({ topic, partitions: [...offsets.keys()] }));
      const resets = await Promise.all(
        wanted.map(async ({ topic, partitions }): Promise<ResetOffset[]> => {
          const positions = await positionsIn(admin, topic, { partitions, from: to, nearest: true });
          return positions.map(({ partition, offset }) => ({
            topic,
            partition,
            from: committed.get(topic)?.get(partition) ?? null,
            to: offset,
          }));
        }),
      );
      const all = resets.flat();
      if (!dryRun && all.length > 0) {
        await admin.commit(
          name,
          all.map(({ topic, partition, to }) => ({ topic, partition, offset: to })),
        );
      }
      return all;
    },

    async delete(name) {
      await find(name);
      await admin.deleteGroup(name);
    },
  };
}

const summary = ({ name, state, members, protocolType }: GroupInfo): GroupSummary => ({
  name,
  state,
  members: members.length,
  protocolType,
});
