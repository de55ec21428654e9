import { defineCommand, flag } from "../command.ts";

export const providerRemove = defineCommand({
  name: "remove",
  aliases: ["rm"],
  summary: "Remove a provider that owns no plugin",
  args: { id: ["<provider>", "id of the provider"] },
  options: { ignoreNotFound: flag("--ignore-not-found", "a provider that does not exist is no error") },
  capability: "administration",
});
