import type { RoleGrant } from "../../core/administration.ts";
import type { Column, Row } from "../../output/table.ts";

/** `admin`, or `provider-owner@acme` for a role that holds in one provider. */
export const formatGrant = ({ role, provider }: RoleGrant): string =>
  provider ? `${role}@${provider}` : role;

const showGrants = (value: unknown) => (value as RoleGrant[]).map(formatGrant).join(", ");

export const USER_COLUMNS: readonly Column[] = [
  { key: "login", drop: 0 },
  { key: "state", as: "state", drop: 0 },
  { key: "roles", show: showGrants },
  { key: "name", drop: 2 },
  { key: "lastLoginAt", title: "last login", as: "time", drop: 3 },
];

export const USER_FIELDS: readonly Column[] = [
  { key: "login" },
  { key: "name" },
  { key: "state", as: "state" },
  { key: "roles", show: showGrants },
  { key: "createdAt", title: "created", as: "time" },
  { key: "updatedAt", title: "changed", as: "time" },
  { key: "lastLoginAt", title: "last login", as: "time" },
];

export const userName = (row: Row): string => String(row.login);
