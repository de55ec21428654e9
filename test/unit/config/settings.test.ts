import { describe, expect, it } from "vitest";
import { parseDuration } from "../../../src/config/duration.ts";
import { parseConfigFile } from "../../../src/config/file.ts";
import { explainSettings, type GlobalFlags, resolveSettings } from "../../../src/config/settings.ts";

const files = [
  await parseConfigFile("/repo/.plugctlrc", "output: yaml\n", "project"),
  await parseConfigFile("/home/u/config.yaml", "output: name\ntimeout: 5m\ntarget: work\n", "user"),
];
const resolve = (flags: GlobalFlags = {}, env: NodeJS.ProcessEnv = {}) =>
  resolveSettings({ flags, env, files });
const origin = (key: string, flags: GlobalFlags = {}, env: NodeJS.ProcessEnv = {}) =>
  explainSettings({ flags, env, files }).find((setting) => setting.key === key);

describe("a setting", () => {
  it("comes from the flag before the environment, the project, the user and the default", () => {
    expect(origin("output", { output: "json" }, { PLUGCTL_OUTPUT: "jsonl" })).toMatchObject({
      value: "json",
      origin: "flag",
    });
    expect(origin("output", {}, { PLUGCTL_OUTPUT: "jsonl" })).toMatchObject({
      value: "jsonl",
      origin: "environment",
    });
    expect(origin("output")).toMatchObject({ value: "yaml", origin: "project", source: "/repo/.plugctlrc" });
    expect(origin("timeout")).toMatchObject({
      value: 300_000,
      origin: "user",
      source: "/home/u/config.yaml",
    });
    expect(origin("quiet")).toMatchObject({ value: false, origin: "default" });
  });

  it("counts an empty variable as not set", () => {
    expect(origin("output", {}, { PLUGCTL_OUTPUT: "" })).toMatchObject({ origin: "project" });
  });

  it("that is a target names it for this run, or as the default, by where it comes from", () => {
    expect(resolve()).toMatchObject({ target: [], defaultTarget: "work" });
    expect(resolve({}, { PLUGCTL_TARGET: "a, b" })).toMatchObject({
      target: ["a", "b"],
      defaultTarget: undefined,
    });
    expect(resolve({ target: "c" })).toMatchObject({ target: ["c"], defaultTarget: undefined });
  });

  it("has a NO_ twin where the flag begins with --no-", () => {
    expect(resolve({}, { PLUGCTL_NO_INPUT: "1" }).input).toBe(false);
    expect(resolve({}, { PLUGCTL_NO_COLOR: "1" }).color).toBe("never");
    expect(resolve({ color: false }).color).toBe("never");
    expect(resolve({ input: false }).input).toBe(false);
  });

  it.each([
    [{ output: "xml" }, {}, "--output"],
    [{}, { PLUGCTL_OUTPUT: "xml" }, "PLUGCTL_OUTPUT"],
    [{ timeout: "soon" }, {}, "--timeout"],
    [{}, { PLUGCTL_QUIET: "maybe" }, "PLUGCTL_QUIET"],
  ])("that does not fit is refused, naming the flag or variable (%j %j)", (flags, env, name) => {
    expect(() => resolve(flags as GlobalFlags, env as NodeJS.ProcessEnv)).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringContaining(name) }),
    );
  });
});

describe("a duration", () => {
  it.each([
    ["30", 30_000],
    ["30s", 30_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1.5s", 1500],
    ["0", 0],
    ["2d", 172_800_000],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "s", "-1s", "1w", "1 s", "1e3", "1s2"])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});
