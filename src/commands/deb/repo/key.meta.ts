import { defineCommand, flag } from "../../command.ts";

export const debRepoKey = defineCommand({
  name: "key",
  summary: "Show the key that signs a server's APT repository",
  options: { armored: flag("--armored", "print the public key itself") },
  capability: "repository",
  examples: [
    ["for the hosts of a fleet", "plugctl deb repo key --armored > /etc/apt/keyrings/plugctl.asc"],
    ["to compare by eye", "plugctl deb repo key"],
  ],
});
