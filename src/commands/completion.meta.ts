import { defineCommand } from "./command.ts";

export const completion = defineCommand({
  name: "completion",
  group: "setup",
  summary: "Print the script that makes a shell complete commands, options and names",
  args: { shell: ["<shell>", "bash, zsh, fish or powershell"] },
  completes: ["bash", "zsh", "fish", "powershell"],
  examples: [
    ["bash, in ~/.bashrc", "source <(plugctl completion bash)"],
    ["zsh, in ~/.zshrc", "source <(plugctl completion zsh)"],
    ["fish, once", "plugctl completion fish > ~/.config/fish/completions/plugctl.fish"],
    ["PowerShell, in $PROFILE", "plugctl completion powershell | Out-String | Invoke-Expression"],
  ],
});
