import { defineCommand, flag, integer, text } from "./command.ts";

export const audit = defineCommand({
  name: "audit",
  group: "administer",
  summary: "Show who changed what, newest first, or verify that nobody altered the record",
  options: {
    actor: text("--actor <login>", "changes by this user"),
    action: text("--action <action>", "one action (user.create), or all that begin so (user.)"),
    resource: text("--resource <resource>", "what was changed: user:ada, plugin:orders@1.0.0"),
    outcome: text("--outcome <outcome>", "how it ended", { choices: ["ok", "denied", "failed"] }),
    since: text("--since <time>", "not older than this: 1h, 7d, 2026-01-31"),
    until: text("--until <time>", "not younger than this"),
    limit: integer("--limit <count>", "at most so many rows (default: 50)", { min: 1, max: 100_000 }),
    verify: flag("--verify", "check the chain of hashes instead; a broken one is exit code 9"),
  },
  capability: "administration",
  examples: [
    ["what was refused today", "plugctl audit --outcome denied --since 24h"],
    ["everything of a plugin, for a script", "plugctl audit --resource plugin:orders@1.0.0 -o json"],
  ],
});
