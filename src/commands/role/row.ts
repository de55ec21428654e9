import type { Column, Row } from "../../output/table.ts";

const builtIn: Column = { key: "builtIn", title: "built in", show: (value) => (value ? "yes" : ""), drop: 3 };

/** Of a list; what a role is for would take the room that its permissions need. */
export const ROLE_COLUMNS: readonly Column[] = [
  { key: "id", drop: 0 },
  { key: "permissions", drop: 0 },
  builtIn,
];

export const ROLE_FIELDS: readonly Column[] = [
  { key: "id" },
  { key: "description" },
  { key: "permissions" },
  builtIn,
];

export const roleName = (row: Row): string => String(row.id);
