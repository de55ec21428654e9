/** What shells complete `--permission` and `--scope` with; the server has the last word on what it knows. */
export const PERMISSION_WORDS = [
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
