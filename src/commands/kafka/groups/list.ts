import { rows } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import type { kafkaGroupsList } from "./list.meta.ts";

export const run: Handler<typeof kafkaGroupsList> = async ({ host }) => {
  const { target, on } = await host.capability("groups");
  const groups = await on.list();
  return rows(
    groups.map((group) => ({ target: target.name, ...group })),
    [
      { key: "name", drop: 0 },
      { key: "state", drop: 0 },
      { key: "members", as: "number" },
      { key: "protocolType", title: "type", drop: 2 },
    ],
    { empty: `${target.name} has no groups` },
  );
};
