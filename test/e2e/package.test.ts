import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { BuiltServer, NODE_PATH } from "../helpers/built-plugctl.ts";
import { makeTempDir } from "../helpers/temp-dir.ts";

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const ROOT = resolve(import.meta.dirname, "..", "..");

/** npm on the Node that runs the tests; without the variables that another npm has left for its scripts. */
async function npm(args: string[], cwd: string): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  const { stdout } = await promisify(execFile)("npm", args, {
    cwd,
    env: { ...Object.fromEntries(inherited), PATH: NODE_PATH },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

interface Packed {
  filename: string;
  files: { path: string; size: number; mode: number }[];
}

async function pack(destination: string): Promise<Packed> {
  // Without scripts: the tree is built, and a build now would pull it away from under other tests.
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", destination];
  const [packed] = JSON.parse(await npm(args, ROOT)) as Packed[];
  if (packed === undefined) throw new Error("npm packed nothing");
  return packed;
}

describe("the package", () => {
  let packed: Packed;
  let paths: string[];

  beforeAll(async () => {
    const args = ["pack", "--ignore-scripts", "--json", "--dry-run"];
    [packed] = JSON.parse(await npm(args, ROOT)) as [Packed];
    paths = packed.files.map(({ path }) => path);
  });

  test.each([
    "bin/plugctl.js",
    "dist/cli.js",
    "dist/demo/greeter-1.0.0/package.json",
    "docs/errors.md",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "package.json",
  ])("has %s", (path) => {
    expect(paths).toContain(path);
  });

  test("has nothing that only its makers need", () => {
    expect(paths.filter((path) => /^(?:src|test|bench|scripts|node_modules|shared|\.)/.test(path))).toEqual(
      [],
    );
    expect(paths.filter((path) => /\.test\.ts|\.env/.test(path))).toEqual([]);
  });

  test("has a program that can be run", () => {
    expect((packed.files.find(({ path }) => path === "bin/plugctl.js")?.mode ?? 0) & 0o111).toBe(0o111);
  });

  test("says nothing of the machine that it was made on", async () => {
    for (const path of paths) {
      expect((await readFile(join(ROOT, path))).includes(`${ROOT}/`), path).toBe(false);
    }
  });
});

test("installed from its tarball into an empty prefix, without install scripts, it serves and publishes", async () => {
  const folder = await makeTempDir();
  const prefix = join(folder, "prefix");
  const { filename } = await pack(folder);
  const tarball = join(folder, filename);
  await npm(["install", "--global", "--prefix", prefix, "--ignore-scripts", "--no-audit", tarball], folder);
  const program = join(prefix, "bin", "plugctl");
  const installed = join(prefix, "lib", "node_modules", "plugctl");

  const server = await BuiltServer.start({ program: [program] });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const plugctl = async (...args: string[]) =>
    (await promisify(execFile)(program, args, { env: server.env, cwd: folder })).stdout;

  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
  expect(await plugctl("--version")).toBe(`${version}\n`);
  const published = await plugctl("publish", join(installed, "dist", "demo", "greeter-1.0.0"), "-o", "json");
  expect(JSON.parse(published)).toMatchObject({
    name: "greeter",
    version: "1.0.0",
    status: "published",
  });
  expect(await plugctl("list", "-o", "name")).toBe("local-store:greeter\n");
  const [listed] = (await (await fetch(server.listUrl)).json()) as { pluginUrl: string }[];
  expect((await fetch(listed?.pluginUrl ?? "")).status).toBe(200);
  expect(await server.end()).toBe(0);
});
