import { expect, test } from "vitest";
import type { Page } from "../../../src/actions/demo/page.ts";
import { createNarrator } from "../../../src/commands/demo-narrator.ts";
import { createStyle } from "../../../src/output/style.ts";
import { plainTerminal } from "../../helpers/terminal.ts";

async function narrator(env: NodeJS.ProcessEnv = {}) {
  const { terminal, stdout } = plainTerminal({ env });
  return { narrator: createNarrator(terminal, await createStyle(terminal, "stdout", "auto")), stdout };
}

const pageWith = (version: string, lines: string[]): Page => ({
  openedBy: "Chromium 156",
  plugins: [{ id: "greeter", version, state: "running", lines }],
});

test("steps are numbered, and commands look as they are typed", async () => {
  const { narrator: tell, stdout } = await narrator();
  await tell.step("A server");
  await tell.command("plugctl serve --port 0");
  await tell.step("A plugin");
  expect(stdout()).toBe("1. A server\n$ plugctl serve --port 0\n\n2. A plugin\n");
});

test("a second look at a page marks what came and what went", async () => {
  const { narrator: tell, stdout } = await narrator();
  await tell.page(pageWith("1.1.0", ["Hello", "Ça va"]), pageWith("1.0.0", ["Hello"]));
  expect(stdout()).toBe(
    [
      "Chromium 156 shows",
      "  │ - greeter 1.0.0, running",
      "  │ + greeter 1.1.0, running",
      "  │   Hello",
      "  │ + Ça va",
      "",
    ].join("\n"),
  );
});

test("a terminal without Unicode gets a plain frame, and control characters of a page never reach it", async () => {
  const { narrator: tell, stdout } = await narrator({ LC_ALL: "C" });
  await tell.page(pageWith("1.0.0", ["\u001b[31mred"]));
  const text = stdout();
  expect(text).not.toContain("\u001b");
  expect(text).toContain("  |   greeter 1.0.0, running\n");
});
