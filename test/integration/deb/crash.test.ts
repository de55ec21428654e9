import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { describeWith } from "../../helpers/debian-programs.ts";
import { makePluginRepository } from "../../helpers/plugin-repository.ts";
import { useRabbitMq } from "../../helpers/rabbitmq.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const WORKER = fileURLToPath(new URL("../../helpers/deb-server-worker.ts", import.meta.url));

describeWith(["rabbitmq-server"], "a server that is killed", () => {
  const rabbit = useRabbitMq();

  async function makeServer() {
    const folder = await makeTempDir();
    const root = join(folder, "root");
    await mkdir(root);
    const options = { dataDir: join(folder, "data"), modules: { deb: { root, amqp: rabbit.url } } };
    let child: ChildProcess | undefined;
    let url = "";
    let token = "";
    const start = async () => {
      child = spawn(process.execPath, [WORKER, JSON.stringify(options)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const [line] = await once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line");
      const ready = JSON.parse(line);
      url = ready.url;
      token = ready.token ?? token;
    };
    const kill = async () => {
      if (child?.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    };
    onTestFinished(kill);
    await start();
    const call = async (method: string, path: string, body?: unknown) => {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          "x-auth-token": token,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return text.startsWith("{") ? JSON.parse(text) : text;
    };
    return { root, start, kill, call, dataDir: options.dataDir };
  }

  type Server = Awaited<ReturnType<typeof makeServer>>;

  const order = (url: string) => ({ action: "install", source: { type: "git", url } });

  async function ended({ call }: Server, id: string) {
    for (;;) {
      const operation = await call("GET", `/api/v1/operations/${id}`);
      if (operation.state !== "running") return operation;
      await sleep(50);
    }
  }

  /** Every file below a folder with its digest, but for those that a log or a lock is. */
  async function listing(folder: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
      const path = join(entry.parentPath, entry.name);
      if (/\/(?:log|cache|lock|\.plugctl)|lock$|-old$/.test(path.slice(folder.length))) continue;
      if (entry.isFile())
        found[path] = createHash("sha256")
          .update(await readFile(path))
          .digest("hex");
      else if (entry.isSymbolicLink()) found[path] = await readlink(path);
    }
    return found;
  }

  async function untilLogged({ call }: Server, id: string, text: string): Promise<void> {
    while (!(await call("GET", `/api/v1/deb/tasks/${id}/log`)).includes(text)) await sleep(50);
  }

  for (const [step, rules] of [
    ["building", { build: "echo reached; sleep 60" }],
    ["installing", { install: "mkdir -p /srv/half; echo reached; sleep 60" }],
  ] as const) {
    test(`while ${step} leaves nothing of the plugin, and its task ends with an error for all who follow`, async () => {
      const server = await makeServer();
      const before = await makePluginRepository({ name: "before" });
      const first = await server.call("POST", "/api/v1/deb/tasks", order(before.url));
      expect((await ended(server, first.id)).state).toBe("succeeded");
      const files = await listing(server.root);
      const { messages } = await rabbit.listen();
      const { url } = await makePluginRepository({ name: "half", rules });
      const { id } = await server.call("POST", "/api/v1/deb/tasks", order(url));
      await untilLogged(server, id, "reached");
      await server.kill();
      await server.start();

      expect(await ended(server, id)).toMatchObject({ state: "interrupted", error: { code: "CANCELLED" } });
      const history = await server.call("GET", "/api/v1/deb/plugins/plugindtests/half/history");
      expect(history.items).toMatchObject([{ id, state: "failed", error: { details: { step } } }]);
      expect((await server.call("GET", "/0.2/plugins")).items).toMatchObject([{ name: "before" }]);
      expect(await listing(server.root)).toEqual(files);
      await expect
        .poll(
          () =>
            messages
              .map((message) => message.body.data)
              .filter((data) => data.uuid === id)
              .at(-1),
          {
            timeout: 10_000,
          },
        )
        .toMatchObject({ status: "error", errors: { error_id: `${step}-error` } });
      for (const left of ["sources", "builds", "packages"]) {
        expect(await readdir(join(server.dataDir, "deb", left)).catch(() => [])).toEqual([]);
      }

      const again = await makePluginRepository({ name: "half" });
      const next = await server.call("POST", "/api/v1/deb/tasks", order(again.url));
      expect((await ended(server, next.id)).state).toBe("succeeded");
    }, 120_000);
  }

  test("while removing leaves the plugin as it was, and it can be removed then", async () => {
    const server = await makeServer();
    const { url } = await makePluginRepository({
      name: "stays",
      rules: { uninstall: "echo reached; test -e /srv/go || sleep 60" },
    });
    const first = await server.call("POST", "/api/v1/deb/tasks", order(url));
    expect((await ended(server, first.id)).state).toBe("succeeded");
    const files = await listing(server.root);
    const { uuid } = await server.call("DELETE", "/0.2/plugins/plugindtests/stays");
    await untilLogged(server, uuid, "reached");
    await server.kill();
    await server.start();
    expect((await ended(server, uuid)).state).toBe("interrupted");
    expect((await server.call("GET", "/0.2/plugins")).items).toMatchObject([{ name: "stays" }]);
    expect(await listing(server.root)).toEqual(files);
  }, 120_000);
});
