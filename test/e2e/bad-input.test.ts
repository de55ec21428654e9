import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { collect, makeTree } from "../helpers/archives.ts";
import { type Outcome, runBuilt } from "../helpers/built-plugctl.ts";
import { writeFiles } from "../helpers/plugin-folder.ts";
import { BAD_ARCHIVES } from "./bad-input/archives.ts";
import { BAD_COMMANDS } from "./bad-input/commands.ts";
import { DEB_COMMANDS } from "./bad-input/deb-commands.ts";
import { KAFKA_COMMANDS } from "./bad-input/kafka-commands.ts";
import { BAD_MANIFESTS } from "./bad-input/manifests.ts";
import { BAD_REQUESTS } from "./bad-input/requests.ts";
import type { BadCommand, BadPlugin, BadRequest } from "./bad-input/rows.ts";
import { beSlow, SLOW_CLIENTS, type SlowAnswer } from "./bad-input/slow-clients.ts";
import { makeFolder, makeWorld, snapshot, type World } from "./bad-input/world.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let world: World;
let before: Awaited<ReturnType<typeof snapshot>>;
/** They run beside everything else: each takes as long as the server's patience. */
let slow: Promise<SlowAnswer>[];

beforeAll(async () => {
  world = await makeWorld(await mkdtemp(join(tmpdir(), "plugctl-test-")));
  before = await snapshot(world);
  slow = SLOW_CLIENTS.map((client) => beSlow(client, world));
});

afterAll(async () => {
  await world.server.end();
  await rm(world.server.folder, { recursive: true, force: true });
});

function expectNoSecret(text: string): void {
  for (const secret of world.secrets) expect(text.includes(secret), "no secret is shown").toBe(false);
}

function expectWords(text: string, words: readonly (string | RegExp)[]): void {
  for (const word of words) expect(text).toMatch(word instanceof RegExp ? word : literally(word));
}

const literally = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));

/** One clear message on stderr, nothing on stdout. */
function expectFailure({ exitCode, stdout, stderr }: Outcome, exit: number, words: BadCommand["says"]): void {
  expectWords(stderr, words);
  expect({ exitCode, stdout }).toEqual({ exitCode: exit, stdout: "" });
  expect(stderr.match(/^✖ /gm)).toHaveLength(1);
  expect(stderr).toMatch(/\n {2}ERR_PLUGCTL_(?!INTERNAL)[A-Z_]+\n$/);
  expect(stderr).not.toMatch(/^\s+at /m);
  expectNoSecret(stdout + stderr);
}

interface Answer {
  status: number;
  type: string | undefined;
  text: string;
}

/** A request exactly as it is written: nothing is normalised. */
function send(given: {
  method?: string | undefined;
  path: string;
  headers: Record<string, string>;
  body?: string | Buffer | undefined;
}): Promise<Answer> {
  const { hostname, port } = new URL(world.server.http);
  const { body, ...options } = given;
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, ...options, agent: false }, (response) => {
      collect(response as AsyncIterable<Buffer>).then(
        (pieces) =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers["content-type"],
            text: Buffer.concat(pieces).toString("utf8"),
          }),
        reject,
      );
    });
    call.on("error", reject);
    call.end(body);
  });
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** One clear problem document. */
function expectProblem(
  { status, type, text }: Answer,
  row: Pick<BadRequest, "status" | "code" | "says">,
): void {
  expect({ status, type }, text).toEqual({
    status: row.status,
    type: expect.stringMatching(/^application\/problem\+json/),
  });
  const problem = JSON.parse(text) as { code: string; detail: string; errors: unknown };
  expect(problem.code).toBe(row.code);
  expect(problem.detail).not.toBe("");
  expectWords(problem.detail, row.says);
  expect(text).not.toMatch(/\.[jt]s:\d+:\d+/);
  expectNoSecret(text);
}

describe.each([
  ["an archive", BAD_ARCHIVES],
  ["a manifest", BAD_MANIFESTS],
])("%s with", (_, rows) => {
  const archiveOf = async ({ archive, folder }: BadPlugin) => (archive ? archive() : makeTree(folder ?? {}));
  const query = ({ provider = "acme" }: BadPlugin) => (provider === "" ? "" : `?provider=${provider}`);

  test.each(rows.map((row) => [row.what, row] as const))("%s is refused by the server", async (_, row) => {
    const answer = await send({
      method: "POST",
      path: `/api/v1/publish${query(row)}`,
      headers: bearer(world.tokens[row.as ?? "admin"]),
      body: await archiveOf(row),
    });
    expectProblem(answer, row);
  });

  test.each(rows.map((row) => [row.what, row] as const))("%s is refused by plugctl", async (_, row) => {
    const folder = await makeFolder(world);
    const { provider = "acme", folder: files, as, exit = 2, locally, says } = row;
    if (files === undefined) await writeFile(join(folder, "plugin.tgz"), await archiveOf(row));
    else await writeFiles(folder, files);
    const words = ["publish", files === undefined ? "plugin.tgz" : "."];
    const outcome = await runBuilt([...words, ...(provider === "" ? [] : ["--provider", provider])], {
      env: { ...world.server.env, ...(as === undefined ? {} : { PLUGCTL_TOKEN: world.tokens[as] }) },
      cwd: folder,
    });
    expectFailure(outcome, exit, locally ?? says);
  });
});

describe("a request with", () => {
  test.each(BAD_REQUESTS.map((row) => [row.what, row] as const))("%s is refused", async (_, row) => {
    const path = typeof row.path === "string" ? row.path : row.path(world);
    const given = {
      method: row.method,
      path: path.startsWith("/") ? path : `/api/v1/${path}`,
      headers: { ...(row.as === undefined ? {} : bearer(world.tokens[row.as])), ...row.headers },
      body: row.body,
    };
    for (let count = 0; count < (row.before ?? 0); count += 1) await send(given);
    expectProblem(await send(given), row);
  });
});

describe("a command with", () => {
  test.each([...BAD_COMMANDS, ...DEB_COMMANDS, ...KAFKA_COMMANDS].map((row) => [row.what, row] as const))(
    "%s fails",
    async (_, row) => {
      const folder = await makeFolder(world);
      await writeFiles(folder, row.files ?? {});
      if (row.config !== undefined) await writeFiles(join(folder, "config"), row.config);
      await row.prepare?.(world, folder);
      const outcome = await runBuilt(
        typeof row.run === "string" ? row.run.split(" ") : row.run(world, folder),
        {
          env: {
            ...world.server.env,
            ...(row.config === undefined ? {} : { PLUGCTL_CONFIG_DIR: join(folder, "config") }),
            ...row.env,
          },
          cwd: folder,
          ...(row.stdin === undefined ? {} : { stdin: row.stdin }),
          ...(row.unprivileged === undefined ? {} : { unprivileged: row.unprivileged }),
        },
      );
      expectFailure(outcome, row.exit, row.says);
    },
  );
});

describe("the server does not wait for", () => {
  test.each(SLOW_CLIENTS.map((client, index) => [client.what, client, index] as const))(
    "%s",
    async (_, client, index) => {
      const { text, seconds } = (await slow[index]) ?? { text: "", seconds: Number.NaN };
      expect(seconds).toBeLessThan(client.seconds);
      const [head = "", body = ""] = text.split("\r\n\r\n");
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
      expectProblem(
        { status, type: /^content-type: (.*)$/im.exec(head)?.[1], text: body },
        {
          ...client,
          says: [client.says],
        },
      );
    },
  );
});

test("after all that the server's data and its user's configuration are as they were, and its log is discreet", async () => {
  expect(await snapshot(world)).toEqual(before);
  const log = await readFile(world.logFile, "utf8");
  expectNoSecret(log);
  expect(log.split("\n").filter((line) => line.includes('"level":50'))).toEqual([]);
  expect((await fetch(`${world.server.http}/readyz`)).status).toBe(200);
  expect(await world.server.end()).toBe(0);
});
