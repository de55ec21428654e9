import { describe, expect, it, vi } from "vitest";
import { conflictError, notFoundError } from "../../../src/core/errors.ts";
import type { LogLine, LogQuery, ShellSession } from "../../../src/core/observation.ts";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const line = (plugin: string, second: number, text: string): LogLine => ({
  plugin,
  stream: "stdout",
  at: `2026-01-01T00:00:0${second}.5Z`,
  text,
});

const LOGS: Record<string, LogLine[]> = {
  a: [line("a", 1, "one"), line("a", 4, "four \u001b[31mred")],
  "node-red": [line("node-red", 2, "two"), line("node-red", 3, "three")],
};

const logging = (seen: LogQuery[] = []) =>
  cliOver({
    logs: {
      async *logs(query) {
        seen.push(query);
        yield* LOGS[query.name] ?? [];
      },
    },
  });

describe("logs", () => {
  it("of several plugins are merged by time behind prefixes of one width", async () => {
    const { stdout } = await (await logging())("logs a node-red");
    expect(stdout).toBe("a        | one\nnode-red | two\nnode-red | three\na        | four [31mred\n");
  });

  it("of one plugin have no prefix; times are shown when asked for", async () => {
    const cli = await logging();
    expect((await cli("logs node-red")).stdout).toBe("two\nthree\n");
    expect((await cli("logs node-red -T")).stdout).toBe(
      "2026-01-01T00:00:02.5Z two\n2026-01-01T00:00:03.5Z three\n",
    );
  });

  it("name the target where plugins of several are shown", async () => {
    const { stdout } = await (await logging())("logs edge:a lab:a");
    expect(stdout.split("\n")[0]).toBe("edge:a | one");
  });

  it("reach a terminal as they are, unless --safe is given, and never a pipe", async () => {
    const cli = await logging();
    const env = { NO_COLOR: "1" };
    expect((await cli("logs a", { tty: true, env })).stdout).toContain("four \u001b[31mred\u001b[0m\n");
    expect((await cli("logs a --safe", { tty: true, env })).stdout).toContain("four [31mred\n");
    expect((await cli("logs a")).stdout).not.toContain("\u001b");
  });

  it("keep the colour of a plugin, whichever others are shown", async () => {
    const cli = await logging();
    const env = { FORCE_COLOR: "1" };
    const colorOf = (text: string) =>
      text
        .split("\n")
        .find((one) => one.includes("two"))
        ?.slice(0, 5);
    const first = colorOf((await cli("logs node-red a", { tty: true, env })).stdout);
    expect(first).toMatch(/^\u001b\[3\dm$/);
    expect(colorOf((await cli("logs a node-red", { tty: true, env })).stdout)).toBe(first);
  });

  it("are JSON lines for scripts", async () => {
    const { stdout } = await (await logging())("logs a -o json");
    expect(
      stdout
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text))[1],
    ).toEqual({
      target: "edge",
      ...LOGS.a?.[1],
    });
  });

  it("are asked for from a point in time", async () => {
    const seen: LogQuery[] = [];
    const now = () => new Date("2026-01-01T12:00:00Z");
    await (await logging(seen))("logs a --since 1h --until 2026-01-01T11:30 --tail 5", { now });
    expect(seen).toEqual([
      {
        name: "a",
        follow: false,
        tail: 5,
        since: new Date("2026-01-01T11:00:00Z"),
        until: new Date("2026-01-01T11:30:00Z"),
      },
    ]);
  });

  it("that are followed come as they come, until Ctrl-C ends it with 130", async () => {
    const abort = new AbortController();
    const cli = await cliOver({
      logs: {
        async *logs({ name }) {
          yield line(name, 1, `${name} began`);
          if (name === "b") {
            yield line(name, 2, "and went on");
            abort.abort();
          }
          await new Promise((_, reject) => {
            abort.signal.addEventListener("abort", () => reject(new Error("aborted")));
            if (abort.signal.aborted) reject(new Error("aborted"));
          });
        },
      },
    });
    const { code, stdout } = await cli("logs a b -f", { signal: abort.signal });
    expect(code).toBe(130);
    expect(stdout).toBe("a | a began\nb | b began\nb | and went on\n");
  });
});

describe("shell", () => {
  const shelling = (run: (session: ShellSession) => Promise<number>) => cliOver({ shell: { shell: run } });

  it("passes on the exit code, the command and the pipes", async () => {
    const cli = await shelling(async ({ command, tty, stdin, stdout, stderr }) => {
      let text = "";
      for await (const piece of stdin) text += piece;
      stdout.write(`${command?.join("|")} ${tty} ${text}`);
      stderr.write("to stderr");
      return 7;
    });
    const result = await cli(["shell", "a", "--", "sh", "-c", "exit 7", "-o", "json"], { stdin: "in" });
    expect(result).toMatchObject({ code: 7, stdout: "sh|-c|exit 7|-o|json false in", stderr: "to stderr" });
  });

  it("opens the plugin's own shell when no command is given", async () => {
    const cli = await shelling(async ({ command }) => (command === undefined ? 0 : 1));
    expect((await cli("shell a")).code).toBe(0);
  });

  it("ends with 125 when plugctl itself failed, so that no code of the command's is meant", async () => {
    const cli = await shelling(() => Promise.reject(conflictError("a is stopped")));
    const { code, stderr } = await cli("shell a -o json");
    expect(code).toBe(125);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "ERR_PLUGCTL_CONFLICT" } });
    const missing = await shelling(() => Promise.reject(notFoundError("no a")));
    expect((await missing("shell a")).code).toBe(125);
  });

  it("takes the terminal for the session and gives it back, also when it fails", async () => {
    for (const outcome of ["ends", "fails"]) {
      const raw: boolean[] = [];
      const cli = await shelling(async (session) => {
        expect(session).toMatchObject({ tty: true, size: { columns: 80, rows: 24 } });
        if (outcome === "fails") throw new Error("cut off");
        return 0;
      });
      const { code, stdout } = await cli("shell a", { tty: true, onRawMode: (mode) => raw.push(mode) });
      expect(code).toBe(outcome === "fails" ? 125 : 0);
      expect(raw).toEqual([true, false]);
      expect(stdout.includes("\u001b[?25h")).toBe(outcome === "fails");
    }
  });
});

describe("stats", () => {
  const sample = {
    name: "a",
    cpuPercent: 12.345,
    memoryBytes: 1_000_000,
    memoryLimitBytes: null,
    networkReceivedBytes: 0,
    networkSentBytes: 0,
    diskReadBytes: 0,
    diskWrittenBytes: 0,
    pids: 3,
    restarts: 0,
    health: null,
  };

  it("of all that run, or of those named on their targets", async () => {
    const asked: (readonly string[])[] = [];
    const cli = await cliOver({
      statistics: {
        stats: async (names) => {
          asked.push(names);
          return [sample];
        },
      },
    });
    expect(JSON.parse((await cli("stats -o json")).stdout)).toMatchObject([
      { target: "edge", name: "a", cpuPercent: 12.345 },
      { target: "lab", name: "a" },
    ]);
    await cli("stats a b lab:a");
    expect(asked.slice(2)).toEqual([["a", "b"], ["a"]]);
  });

  it("that are watched are a JSON line a sample in a pipe, and one table in its place on a terminal", async () => {
    const watch = async (tty: boolean) => {
      const abort = new AbortController();
      let samples = 0;
      const cli = await cliOver({
        statistics: {
          stats: async () => {
            samples += 1;
            if (samples === 3) abort.abort();
            return [sample];
          },
        },
      });
      const result = await cli("stats a -w", { tty, signal: abort.signal, env: { NO_COLOR: "1" } });
      expect(result.code).toBe(130);
      return result.stdout;
    };
    const lines = (await watch(false)).trim().split("\n");
    expect(lines.map((text) => JSON.parse(text).name)).toEqual(["a", "a", "a"]);
    const screen = await watch(true);
    expect(screen.startsWith("\u001b[?25l")).toBe(true);
    expect(screen.split("\u001b[2A\r").length).toBe(3);
    expect(screen.endsWith("\u001b[?25h")).toBe(true);
  });

  it("top shows what the backend's ps says", async () => {
    const cli = await cliOver({
      statistics: { top: async () => ({ titles: ["PID", "CMD"], rows: [["1", "sh -c x"]] }) },
    });
    expect((await cli("top a")).stdout).toBe("1\tsh -c x\n");
    expect(JSON.parse((await cli("top a -o json")).stdout)).toEqual([{ pid: "1", cmd: "sh -c x" }]);
  });
});
