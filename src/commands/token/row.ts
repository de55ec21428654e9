import type { Column, Row } from "../../output/table.ts";

export const TOKEN_COLUMNS: readonly Column[] = [
  { key: "id", drop: 0 },
  { key: "user", drop: 2 },
  { key: "note", drop: 1 },
  { key: "scopes", drop: 0 },
  { key: "resources", drop: 3 },
  { key: "state", as: "state", drop: 0 },
  { key: "expiresAt", title: "expires", as: "time", drop: 2 },
  { key: "lastUsedAt", title: "last used", as: "time", drop: 4 },
  { key: "lastUsedIp", title: "from", drop: 5 },
];

export const tokenName = (row: Row): string => String(row.id);
