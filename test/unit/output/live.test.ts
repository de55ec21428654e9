import { expect, it } from "vitest";
import { LiveView } from "../../../src/output/live.ts";
import { plainTerminal } from "../../helpers/terminal.ts";

it("draws over what it drew before, clears what was longer, and gives the cursor back", async () => {
  const { terminal, stdout } = plainTerminal({ tty: true });
  const listeners = process.listenerCount("exit");
  {
    using view = new LiveView(terminal);
    await view.draw("a\nb\n");
    expect(stdout()).toBe("\u001b[?25la\u001b[K\nb\u001b[K\n\u001b[J");
    await view.draw("c\n");
    expect(stdout()).toBe("\u001b[2A\rc\u001b[K\n\u001b[J");
    await view.draw("d\n");
    expect(stdout()).toBe("\u001b[1A\rd\u001b[K\n\u001b[J");
    expect(process.listenerCount("exit")).toBe(listeners + 1);
  }
  expect(stdout()).toBe("\u001b[?25h");
  expect(process.listenerCount("exit")).toBe(listeners);
});

it("never draws more lines than the screen has, since it could not go back over them", async () => {
  const { terminal, stdout } = plainTerminal({ tty: true });
  using view = new LiveView(terminal);
  await view.draw("x\n".repeat(100));
  expect(stdout().split("\n").length - 1).toBe(23);
  await view.draw("y\n");
  expect(stdout()).toContain("\u001b[23A");
});
