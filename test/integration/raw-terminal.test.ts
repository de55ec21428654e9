import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { describe, expect, it } from "vitest";

const SOURCE = join(import.meta.dirname, "..", "..", "src", "output");

/** Enters raw mode, does something, and lets the shell around it say how the terminal is afterwards. */
function afterwards(script: string): Promise<string> {
  const program = `
    const { RawTerminal } = await import(${JSON.stringify(join(SOURCE, "raw-terminal.ts"))});
    const { Terminal } = await import(${JSON.stringify(join(SOURCE, "terminal.ts"))});
    const raw = new RawTerminal(new Terminal(process, process.env));
    ${script}`;
  const shell = spawn(
    "sh",
    ["-c", '"$NODE" --input-type=module -e "$PROGRAM" 2>/dev/null; echo "code $?"; stty -a'],
    {
      cols: 100,
      rows: 30,
      env: { PATH: process.env.PATH ?? "", NODE: process.execPath, PROGRAM: program, TERM: "xterm" },
    },
  );
  return new Promise((resolve) => {
    let text = "";
    shell.onData((piece) => {
      text += piece;
    });
    shell.onExit(() => resolve(text));
  });
}

const isCooked = (text: string) =>
  ["icanon", "echo", "isig"].every((mode) => new RegExp(`(?<!-)\\b${mode}\\b`).test(text));

describe("a terminal in raw mode is as it was before", () => {
  it("when the session ends", async () => {
    const text = await afterwards(
      'console.log("raw " + process.stdin.isRaw); raw[Symbol.dispose](); process.exit(0);',
    );
    expect(text).toContain("raw true");
    expect(text).toContain("code 0");
    expect(isCooked(text)).toBe(true);
    expect(text).not.toContain("\u001b[?1049l");
  });

  it.each([
    ["the process exits in the middle", "process.exit(3);", "code 3"],
    ["the process crashes", 'setTimeout(() => { throw new Error("bug"); }, 10);', "code 1"],
    ["a promise fails that nobody waits for", 'Promise.reject(new Error("bug"));', "code 1"],
    ["the session is cut off", "raw.cutOff(); process.exit(7);", "code 7"],
  ])("when %s; what the remote program switched on is off", async (_, script, code) => {
    const text = await afterwards(
      `raw.output.write("\\x1b[?10"); await new Promise((done) => raw.output.write("49h", done)); ${script}`,
    );
    expect(text).toContain(code);
    expect(isCooked(text)).toBe(true);
    expect(text.indexOf("\u001b[?1049l")).toBeGreaterThan(text.indexOf("\u001b[?1049h"));
  });

  it("and what was not switched on is not switched off, since that would move the cursor", async () => {
    const text = await afterwards("raw.cutOff(); process.exit(7);");
    expect(text).toContain("\u001b[?25h");
    expect(text).not.toContain("\u001b[?1049l");
  });

  it("and its size is told, at first and on each change", async () => {
    const text = await afterwards(`
      console.log(JSON.stringify(raw.size));
      raw.onResize((size) => { console.log(JSON.stringify(size)); raw[Symbol.dispose](); process.exit(0); });
      const { execFileSync } = await import("node:child_process");
      process.stdin.resume();
      execFileSync("stty", ["cols", "120", "rows", "40"], { stdio: ["inherit", "ignore", "ignore"] });
    `);
    expect(text).toContain('{"columns":100,"rows":30}');
    expect(text).toContain('{"columns":120,"rows":40}');
  });
});
