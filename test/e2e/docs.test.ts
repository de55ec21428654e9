import { execFile } from "node:child_process";
import { cp, glob, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test, vi } from "vitest";
import { parseCommandLine } from "../../src/program.ts";
import { collect } from "../helpers/archives.ts";
import { BuiltServer, DEMO_FILES, LAUNCHER } from "../helpers/built-plugctl.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";
import { plainTerminal } from "../helpers/terminal.ts";

vi.setConfig({ testTimeout: 60_000 });

const ROOT = resolve(import.meta.dirname, "..", "..");

interface Page {
  path: string;
  text: string;
}

const PATTERNS = ["*.md", "docs/**/*.md", "examples/*.md", "examples/*/*.md"];

const PAGES: Page[] = await Promise.all(
  (await collect(glob(PATTERNS, { cwd: ROOT })))
    .sort()
    .map(async (path) => ({ path, text: await readFile(join(ROOT, path), "utf8") })),
);

const README = PAGES.find(({ path }) => path === "README.md")?.text ?? "";

/** The content of a page's fenced blocks of a language. */
const blocks = (text: string, fence: string) =>
  [...text.matchAll(new RegExp(`^${fence}\\n(.*?)^\`\`\`$`, "gms"))].map(([, content = ""]) => content);

/** Runs a line of a shell in which `plugctl` is the built program. */
function inShell(line: string, options: { env: NodeJS.ProcessEnv; cwd: string }) {
  const script = `plugctl() { "${process.execPath}" "${LAUNCHER}" "$@"; }\n${line}`;
  return new Promise<{ exitCode: number; output: string }>((done) => {
    execFile("bash", ["-c", script], options, (error, stdout, stderr) =>
      done({ exitCode: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

test("the tour of the README works from its first to its last command", async () => {
  await using server = await BuiltServer.start();
  const cwd = await makeTempDir();
  for (const name of ["greeter-1.0.0", "greeter-1.1.0"]) {
    await cp(join(DEMO_FILES, name), join(cwd, name), { recursive: true });
  }
  const lines = blocks(README, "<!-- test:tour -->\n```sh").flatMap((block) => block.trimEnd().split("\n"));
  expect(lines.length).toBeGreaterThan(10);
  for (const line of lines) {
    const { exitCode, output } = await inShell(line, { env: server.env, cwd });
    expect(exitCode, `${line}\n${output}`).toBe(0);
  }
});

test("the tour of the page on Kafka works from its first to its last command", async () => {
  await using server = await BuiltServer.start();
  const page = PAGES.find(({ path }) => path === "docs/commands-kafka.md")?.text ?? "";
  const lines = blocks(page, "<!-- test:kafka -->\n```sh").flatMap((block) => block.trimEnd().split("\n"));
  expect(lines.length).toBeGreaterThan(5);
  let output = "";
  for (const line of lines) {
    const ran = await inShell(line, { env: server.env, cwd: server.folder });
    expect(ran.exitCode, `${line}\n${ran.output}`).toBe(0);
    output += ran.output;
  }
  for (const value of ["one", "two", "three"]) expect(output.split(value).length - 1).toBe(3);
});

/** The anchors of a page's headings, as code hosts make them. */
const anchors = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(PAGES.map(({ path, text }) => [path, text] as const))(
  "every link of %s leads to a page of this repository, or out of it",
  async (path, text) => {
    const prose = text.replace(/^```.*?^```$/gms, "");
    const links = [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, link = ""]) => link);
    for (const link of links.filter((link) => !/^[a-z]+:/.test(link))) {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? join(ROOT, path) : resolve(ROOT, dirname(path), file);
      expect(relative(ROOT, target), `${link} stays in the repository`).not.toMatch(/^\.\./);
      const content = await readFile(target, "utf8").catch((error: NodeJS.ErrnoException) => error);
      const there = !(content instanceof Error) || content.code === "EISDIR";
      expect(there, `${link} is there`).toBe(true);
      if (anchor !== undefined && typeof content === "string")
        expect(anchors(content), link).toContain(anchor);
    }
  },
);

/** The commands of a shell script that call plugctl, each as its words. */
function plugctlCalls(script: string): string[][] {
  const calls: string[][] = [];
  const lines = script.replaceAll("\\\n", " ").replace(/^\$ /gm, "");
  // A word in quotes or without, an end of a command, or the beginning of one in another's words; what stdin comes from
  // is as little part of the command as a comment.
  const token = /'([^']*)'|"\$\(|"([^"]*)"|(\$\(|[|;&\n)]+)|(#.*|<\s*\S+)|([^\s|;&)'"#]+)/g;
  let words: string[] = [];
  for (const [whole, single, double, end, comment, bare] of `${lines}\n`.matchAll(token)) {
    if (comment !== undefined) continue;
    const word = single ?? double ?? (end === undefined && whole !== '"$(' ? bare : undefined);
    if (word !== undefined) {
      // `NAME=$(plugctl …)` and `NAME=value plugctl …`.
      const inner = /^\w+=(?:\$\((.*))?$/.exec(word);
      if (words.length > 0 || !/^\w+=/.test(word)) words.push(word);
      else if (inner?.[1]) words.push(inner[1]);
      continue;
    }
    if (words[0] === "plugctl") calls.push(words.slice(1));
    words = [];
  }
  return calls;
}

const COMMAND_LINES = PAGES.flatMap(({ path, text }) =>
  [...blocks(text, "```sh"), ...blocks(text, "```console")]
    .flatMap(plugctlCalls)
    // What shells ask at a key press, which no parser sees.
    .filter(([command]) => command !== "complete")
    .map((words) => [path, words.join(" "), words] as const),
);

test("the documentation has commands to check", () => {
  expect(COMMAND_LINES.length).toBeGreaterThan(30);
  expect(plugctlCalls('A=b plugctl x "y z" | plugctl -q # w\nT=$(plugctl t -q)\n')).toEqual([
    ["x", "y z"],
    ["-q"],
    ["t", "-q"],
  ]);
});

test.each(COMMAND_LINES)("%s: plugctl %s is a command", async (_, _line, words) => {
  const { terminal } = plainTerminal();
  await parseCommandLine(words, { terminal, version: "0.0.0" });
});
