import { expect, it } from "vitest";
import { COMPLETION_SCRIPTS } from "../../../src/completion/scripts/index.ts";
import { makeCli } from "../../helpers/run-cli.ts";

it("prints each shell's script as it is, and names the shells for another", async () => {
  const cli = await makeCli();
  for (const [shell, script] of COMPLETION_SCRIPTS) {
    expect(await cli(`completion ${shell}`)).toMatchObject({ code: 0, stdout: script, stderr: "" });
  }
  const other = await cli("completion tcsh");
  expect(other.code).toBe(2);
  expect(other.stderr).toContain("bash, zsh, fish, powershell");
});

it("registers PowerShell's completer for the program, reads the protocol and passes an empty word on", () => {
  const script = COMPLETION_SCRIPTS.get("powershell") ?? "";
  expect(script).toContain("Register-ArgumentCompleter -Native -CommandName plugctl");
  expect(script).toContain("plugctl complete '--' @words $current");
  expect(script).toContain('-split "`t", 2');
  expect(script).toContain("'\"\"'");
  const braces = [...script].filter((character) => character === "{").length;
  expect([...script].filter((character) => character === "}").length).toBe(braces);
});
