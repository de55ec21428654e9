import type { Column, Row } from "../../output/table.ts";

export const ROLE_COLUMNS: readonly Column[] = [
  { key: "id", drop: 0 },
  { key: "permissions", drop: 0 },
  { key: "description", drop: 2 },
  { key: "builtIn", title: "built in", show: (value) => (value ? "yes" : ""), drop: 3 },
];

export const roleName = (row: Row): string => String(row.id);
