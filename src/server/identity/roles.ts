import { PERMISSIONS, type Permission } from "../../core/permissions.ts";

export interface Role {
  id: string;
  description: string;
  permissions: readonly Permission[];
  builtIn: boolean;
}

export const ADMIN_ROLE = "admin";

const builtIn = (id: string, description: string, permissions: readonly Permission[]): Role => ({
  id,
  description,
  permissions,
  builtIn: true,
});

/** The roles that every server has (discovery-store spec, section 6). They live in the program, not in the database. */
export const BUILT_IN_ROLES: ReadonlyMap<string, Role> = new Map(
  [
    builtIn("viewer", "reads everything", ["read"]),
    builtIn("provider-developer", "publishes and stages versions", ["read", "publish", "stage"]),
    builtIn("provider-owner", "publishes, releases and manages the members of a provider", [
      "read",
      "publish",
      "stage",
      "release",
      "users",
      "audit",
    ]),
    builtIn("release-manager", "releases and deploys, and reads the audit log", [
      "read",
      "release",
      "deploy",
      "audit",
    ]),
    builtIn("auditor", "reads everything and the audit log", ["read", "audit"]),
    builtIn(ADMIN_ROLE, "may do everything", PERMISSIONS),
  ].map((role) => [role.id, role]),
);
