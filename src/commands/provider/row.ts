import type { Column, Row } from "../../output/table.ts";

export const PROVIDER_COLUMNS: readonly Column[] = [
  { key: "id", drop: 0 },
  { key: "name" },
  { key: "createdAt", title: "created", as: "time", drop: 2 },
];

export const providerName = (row: Row): string => String(row.id);
