import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../src/commands/index.ts";
import { readLine } from "../../../src/completion/line.ts";
import { formatSuggestions } from "../../../src/completion/protocol.ts";
import { type Names, suggest } from "../../../src/completion/suggest.ts";

const NAMES: Names = {
  targets: async () => [{ value: "local-store", description: "store" }, { value: "work" }],
  plugins: async (target) =>
    target === "nowhere" ? [] : [{ value: "@acme/maps", description: "Maps" }, { value: "orders" }],
};

/** Values for the last of the words. */
async function values(...words: string[]): Promise<string[]> {
  const line = readLine(words, COMMANDS);
  return line === undefined ? [] : (await suggest(line, NAMES)).candidates.map(({ value }) => value);
}

async function wantsFiles(...words: string[]): Promise<boolean> {
  const line = readLine(words, COMMANDS);
  return line !== undefined && (await suggest(line, NAMES)).files;
}

describe("commands", () => {
  it("are offered with their groups and help at the start", async () => {
    const all = await values("");
    expect(all).toEqual(expect.arrayContaining(["list", "user", "token", "completion", "help"]));
    expect(all).not.toContain("ls");
    expect(all).not.toContain("complete");
  });

  it("are found by their aliases once one begins to type them", async () => {
    expect(await values("uni")).toEqual(["uninstall"]);
    expect(await values("user", "r")).toEqual(["remove", "rm", "revoke"]);
  });

  it("of a group follow its name, also behind options with values and in help", async () => {
    const verbs = ["list", "create", "revoke"];
    expect(await values("token", "")).toEqual(verbs);
    expect(await values("-t", "work", "--quiet", "token", "")).toEqual(verbs);
    expect(await values("--output=json", "token", "")).toEqual(verbs);
    expect(await values("help", "token", "")).toEqual(verbs);
    expect(await values("help", "us")).toEqual(["user"]);
    expect(await values("deb", "repo", "")).toEqual(["key", "list", "prune"]);
  });

  it("that do not exist have nothing behind them", async () => {
    expect(await values("fly", "")).toEqual([]);
    expect(await values("user", "fly", "")).toEqual([]);
  });
});

describe("options", () => {
  it("are those of the command and of all commands, without those that were given", async () => {
    const offered = await values("token", "create", "--note", "x", "--scope", "read", "-");
    expect(offered).toEqual(expect.arrayContaining(["--expires", "--scope", "--target", "--help"]));
    expect(offered).not.toContain("--note");
    expect(await values("token", "create", "-q", "--qu")).toEqual([]);
  });

  it("are shown without being asked for where nothing else can follow", async () => {
    expect(await values("token", "create", "")).toContain("--scope");
    expect(await values("token", "create", "")).not.toContain("--target");
    expect(await values("token", "create", "--", "")).toEqual([]);
  });

  it("have their choices and words as values, apart or behind =", async () => {
    expect(await values("target", "add", "x", "--kind", "s")).toEqual(["store"]);
    expect(await values("--output", "j")).toEqual(["json", "jsonl"]);
    expect(await values("--output=j")).toEqual(["--output=json", "--output=jsonl"]);
    expect(await values("token", "create", "--scope", "publish,re")).toEqual([
      "publish,read",
      "publish,release",
    ]);
    expect(await values("token", "create", "--scope=publish,rea")).toEqual(["--scope=publish,read"]);
    expect(await values("token", "create", "--note", "")).toEqual([]);
  });

  it("that take a target complete its name, one of several too", async () => {
    expect(await values("-t", "w")).toEqual(["work"]);
    expect(await values("list", "--target", "work,l")).toEqual(["work,local-store"]);
  });

  it("that take a file or folder leave it to the shell", async () => {
    expect(await wantsFiles("token", "create", "--output-file", "")).toBe(true);
    expect(await wantsFiles("--config-dir=/et")).toBe(true);
    expect(await wantsFiles("token", "create", "--note", "")).toBe(false);
  });
});

describe("arguments", () => {
  it("that are plugins begin with a target or a name, and keep the target that was typed", async () => {
    expect(await values("info", "")).toEqual(["@acme/maps", "orders", "local-store:", "work:"]);
    expect(await values("info", "local-store:")).toEqual(["local-store:@acme/maps", "local-store:orders"]);
    expect(await values("info", "local-store:@a")).toEqual(["local-store:@acme/maps"]);
    expect(await values("info", "nowhere:")).toEqual([]);
  });

  it("are offered as often as the command takes them", async () => {
    expect(await values("info", "orders", "")).toEqual([]);
    expect(await values("remove", "orders", "@")).toEqual(["@acme/maps"]);
    expect(await values("remove", "--", "-")).toEqual([]);
  });

  it("are targets, words or files as the command says", async () => {
    expect(await values("target", "use", "")).toEqual(["local-store", "work"]);
    expect(await values("completion", "")).toEqual(["bash", "zsh", "fish", "powershell"]);
    expect(await wantsFiles("server", "backup", "")).toBe(true);
    expect(await wantsFiles("server", "backup", "x", "")).toBe(false);
  });
});

describe("the protocol", () => {
  it("is a value and a description a line, and a directive last", () => {
    const text = formatSuggestions({
      candidates: [{ value: "a", description: "one\ttwo\nthree\u001b[31m" }, { value: "b" }],
      files: false,
    });
    expect(text).toBe("a\tone two three [31m\nb\n:\n");
  });

  it("asks for paths, or for no space where more may follow", () => {
    expect(formatSuggestions({ candidates: [], files: true })).toBe(":files\n");
    expect(formatSuggestions({ candidates: [{ value: "work:" }], files: false })).toBe("work:\n:nospace\n");
    expect(formatSuggestions({ candidates: [{ value: "work:" }, { value: "x" }], files: false })).toContain(
      "\n:\n",
    );
  });

  it("holds for any words: each answer begins with what was typed", async () => {
    const word = fc.oneof(
      fc.constantFrom(
        "user",
        "token",
        "create",
        "--",
        "-",
        "-t",
        "--scope",
        "--output=j",
        "info",
        "work:",
        "help",
      ),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 6 }), async (words) => {
        for (const value of await values(...words)) expect(value.startsWith(words.at(-1) ?? "")).toBe(true);
      }),
    );
  });
});

describe("plugins", () => {
  const names: Names = {
    targets: async () => [],
    plugins: async () => [
      { value: "node-red", state: "running" },
      { value: "grafana", state: "stopped" },
      { value: "orders" },
    ],
  };
  const offered = async (...words: string[]) => {
    const line = readLine(words, COMMANDS);
    return line === undefined ? [] : (await suggest(line, names)).candidates.map(({ value }) => value);
  };

  it("are offered where their state, as far as it is known, leaves the command something to do", async () => {
    expect(await offered("start", "")).toEqual(["grafana", "orders"]);
    expect(await offered("stop", "edge:")).toEqual(["edge:node-red", "edge:orders"]);
    expect(await offered("info", "")).toEqual(["node-red", "grafana", "orders"]);
  });
});
