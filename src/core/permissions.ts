/** What a role or a token may allow. Roles and their permissions: docs/identity.md. */
export const PERMISSIONS = [
  "read",
  "publish",
  "stage",
  "release",
  "deploy",
  "rules",
  "users",
  "audit",
  "admin",
] as const;
export type Permission = (typeof PERMISSIONS)[number];
