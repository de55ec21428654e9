import { expect, it } from "vitest";
import { Gathered } from "../../../src/output/gathered.ts";
import { plainTerminal } from "../../helpers/terminal.ts";

it("writes together what comes at once, and leaves nothing behind", async () => {
  const { terminal, stdout } = plainTerminal();
  const gathered = new Gathered(terminal);
  await gathered.print("a\n");
  await gathered.print("b\n");
  expect(stdout()).toBe("");
  await new Promise((resolve) => setImmediate(resolve));
  expect(stdout()).toBe("a\nb\n");
  await gathered.print("c\n");
  await gathered.flush();
  expect(stdout()).toBe("c\n");
});

it("does not gather without end", async () => {
  const { terminal, stdout } = plainTerminal();
  const gathered = new Gathered(terminal);
  terminal.stdout.on("error", () => {});
  void gathered.print("x".repeat(100_000));
  expect(stdout()).toHaveLength(100_000);
});
