import { describe, expect, it, vi } from "vitest";
import { conflictError, notFoundError } from "../../../src/core/errors.ts";
import type { LifecycleResult } from "../../../src/core/lifecycle.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const running = (name: string, changed = true): LifecycleResult => ({
  name,
  state: "running",
  nativeState: "running",
  changed,
});

describe("one plugin", () => {
  it("is told of in a sentence, that says when nothing had to be done", async () => {
    const cli = await cliOver({ lifecycle: { start: async (name) => running(name, name === "a") } });
    expect((await cli("start a")).stdout).toMatch(/edge:a is running\n$/);
    expect((await cli("start lab:b")).stdout).toMatch(/lab:b is running already\n$/);
  });

  it("ends with the exit code of what went wrong", async () => {
    const cli = await cliOver({
      lifecycle: { pause: () => Promise.reject(conflictError("b is stopped", { hint: "start it first" })) },
    });
    const { code, stdout, stderr } = await cli("pause b -o json");
    expect([code, stdout]).toEqual([5, ""]);
    expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
      error: { code: "ERR_PLUGCTL_CONFLICT", hint: "start it first" },
    });
  });
});

describe("several plugins", () => {
  it("are listed in the order in which they were given, each once, whichever is done first", async () => {
    const delays: Record<string, number> = { a: 30, b: 0, c: 10 };
    const cli = await cliOver({
      lifecycle: {
        start: async (name) => {
          await new Promise((resolve) => setTimeout(resolve, delays[name]));
          return running(name);
        },
      },
    });
    const { code, stdout } = await cli("start a b lab:c edge:a -o name");
    expect([code, stdout]).toEqual([0, "edge:a\nedge:b\nlab:c\n"]);
  });

  it("are all tried when one fails; the rows say which did, and the exit code is 8", async () => {
    const cli = await cliOver({
      lifecycle: {
        start: async (name) => {
          if (name === "b") throw notFoundError("there is no plugin b");
          return running(name);
        },
      },
    });
    const { code, stdout, stderr } = await cli("start a b c -o json -q");
    expect(code).toBe(8);
    expect(JSON.parse(stdout)).toMatchObject([
      { target: "edge", kind: "container", name: "a", state: "running", error: null },
      { name: "b", error: { code: "NOT_FOUND", message: "there is no plugin b", hint: null } },
      { name: "c", state: "running", error: null },
    ]);
    expect(stderr).toContain("edge:b: there is no plugin b");
  });

  it("are worked on four at a time", async () => {
    let [now, most] = [0, 0];
    const cli = await cliOver({
      lifecycle: {
        start: async (name) => {
          now += 1;
          most = Math.max(most, now);
          await new Promise((resolve) => setTimeout(resolve, 5));
          now -= 1;
          return running(name);
        },
      },
    });
    await cli("start a b c d e f g h i");
    expect(most).toBe(4);
  });

  it("are not begun any more after an interruption", async () => {
    const abort = new AbortController();
    const begun: string[] = [];
    const cli = await cliOver({
      lifecycle: {
        stop: async (name) => {
          begun.push(name);
          abort.abort();
          throw new Error("aborted");
        },
      },
    });
    const { code } = await cli("stop a b c d e f", { signal: abort.signal });
    expect(code).toBe(130);
    expect(begun.length).toBeLessThan(6);
  });
});

describe("options", () => {
  it("--timeout of stop and restart is the plugin's time to end, wherever it stands on the line", async () => {
    const seen: unknown[] = [];
    const stop = async (name: string, options: unknown) => {
      seen.push(options);
      return running(name);
    };
    const cli = await cliOver({ lifecycle: { stop, restart: stop } });
    await cli("stop a --timeout 2m");
    await cli("--timeout 1500ms restart a");
    await cli("stop a");
    expect(seen).toEqual([{ timeoutSeconds: 120 }, { timeoutSeconds: 2 }, { timeoutSeconds: undefined }]);
    expect((await cli("stop a --timeout soon")).code).toBe(2);
  });

  it("--signal takes names and numbers", async () => {
    const seen: unknown[] = [];
    const cli = await cliOver({
      lifecycle: {
        kill: async (name, options) => {
          seen.push(options.signal);
          return running(name);
        },
      },
    });
    for (const signal of ["hup", "SIGUSR1", "15", "RTMIN+1"]) {
      expect((await cli(["kill", "a", "-s", signal])).code).toBe(0);
    }
    expect(seen).toEqual(["HUP", "SIGUSR1", "15", "RTMIN+1"]);
    expect((await cli(["kill", "a", "-s", "; rm"])).code).toBe(2);
  });
});
