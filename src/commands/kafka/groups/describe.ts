import { rows } from "../../../output/result.ts";
import type { Column } from "../../../output/table.ts";
import type { Handler } from "../../command.ts";
import type { kafkaGroupsDescribe } from "./describe.meta.ts";

const OFFSET_COLUMNS: readonly Column[] = [
  { key: "topic", drop: 0 },
  { key: "partition", as: "number", drop: 0 },
  { key: "offset", as: "number" },
  { key: "endOffset", title: "end", as: "number" },
  { key: "lag", as: "number", drop: 0 },
  { key: "clientId", title: "client", drop: 2 },
  { key: "host", drop: 3 },
  { key: "member", drop: 4 },
];

const MEMBER_COLUMNS: readonly Column[] = [
  { key: "id", title: "member", drop: 0 },
  { key: "clientId", title: "client" },
  { key: "host", drop: 2 },
  {
    key: "partitions",
    drop: 0,
    show: (value) =>
      (value as { topic: string; partition: number }[])
        .map(({ topic, partition }) => `${topic}/${partition}`)
        .join(" "),
  },
];

export const run: Handler<typeof kafkaGroupsDescribe> = async ({ args, options, host }) => {
  const { target, on } = await host.capability("groups");
  const { memberDetails, offsets, ...group } = await on.describe(args.name);
  const about = { target: target.name, group: group.name };
  const members = `${group.members} member${group.members === 1 ? "" : "s"}`;
  if (host.settings.output === "table")
    host.say(`${group.name}: ${group.state}, ${members}, lag ${group.lag}`);
  if (options.members) {
    return rows(
      memberDetails.map((member) => ({ ...about, ...member })),
      MEMBER_COLUMNS,
      { empty: `group ${group.name} has no members`, nameOf: (row) => String(row.id) },
    );
  }
  const readers = new Map(memberDetails.map((member) => [member.id, member]));
  return rows(
    offsets.map((offset) => {
      const reader = offset.member === null ? undefined : readers.get(offset.member);
      return { ...about, ...offset, clientId: reader?.clientId ?? null, host: reader?.host ?? null };
    }),
    OFFSET_COLUMNS,
    {
      empty: `group ${group.name} has no offsets`,
      nameOf: (row) => `${row.topic}/${row.partition}`,
    },
  );
};
