import { describe, expect, it } from "vitest";
import { plainTerminal } from "../../helpers/terminal.ts";

const level = (env: NodeJS.ProcessEnv, tty = true, mode: "auto" | "always" | "never" = "auto") =>
  plainTerminal({ tty, env }).terminal.colorLevel("stdout", mode);

describe("colour", () => {
  it("follows what the stream is", () => {
    expect(level({})).toBe(1);
    expect(level({}, false)).toBe(0);
    expect(level({ COLORTERM: "truecolor" })).toBe(3);
    expect(level({ TERM: "dumb" })).toBe(0);
  });

  it("is off with NO_COLOR, even when FORCE_COLOR is set too", () => {
    expect(level({ NO_COLOR: "1" })).toBe(0);
    expect(level({ NO_COLOR: "1", FORCE_COLOR: "3" })).toBe(0);
  });

  it("takes an empty NO_COLOR as not set", () => {
    expect(level({ NO_COLOR: "" })).toBe(1);
  });

  it("is on in a pipe with FORCE_COLOR or CLICOLOR_FORCE", () => {
    expect(level({ FORCE_COLOR: "1" }, false)).toBe(1);
    expect(level({ FORCE_COLOR: "3" }, false)).toBe(3);
    expect(level({ FORCE_COLOR: "0" })).toBe(0);
    expect(level({ CLICOLOR_FORCE: "1" }, false)).toBe(1);
  });

  it("obeys the flag before every variable", () => {
    expect(level({ FORCE_COLOR: "3" }, true, "never")).toBe(0);
    expect(level({ NO_COLOR: "1" }, false, "always")).toBe(1);
  });
});

describe("a terminal", () => {
  it("neither asks nor animates in CI or in a pipe", () => {
    expect(plainTerminal({ tty: true }).terminal).toMatchObject({ canPrompt: true, canAnimate: true });
    expect(plainTerminal({ tty: true, env: { CI: "true" } }).terminal).toMatchObject({
      canPrompt: false,
      canAnimate: false,
    });
    expect(plainTerminal({ tty: false }).terminal).toMatchObject({ canPrompt: false, canAnimate: false });
  });

  it("takes its width from COLUMNS before the stream", () => {
    expect(plainTerminal({ tty: true, columns: 100 }).terminal.width).toBe(100);
    expect(plainTerminal({ tty: true, columns: 100, env: { COLUMNS: "60" } }).terminal.width).toBe(60);
  });
});
