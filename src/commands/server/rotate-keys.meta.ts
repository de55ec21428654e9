import { defineCommand } from "../command.ts";

export const serverRotateKeys = defineCommand({
  name: "rotate-keys",
  summary: "Sign sessions with a new key from now on",
  capability: "administration",
});
