import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Agent, fetch as undiciFetch } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RunningServer, type ServerOptions, startServer } from "../../../../src/server/index.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

const MODULE = new URL("../../../../src/server/index.ts", import.meta.url).href;

async function start(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const dataDir = options.dataDir ?? join(await makeTempDir(), "data");
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    version: "1.2.3",
    logLevel: "silent",
    ...options,
    dataDir,
  });
  onTestFinished(() => server.stop());
  return server;
}

function overSocket(socketPath: string, path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, headers: { host: "whatever" } }, async (response) =>
      resolve({ status: response.statusCode, body: await text(response) }),
    );
    sent.on("error", reject).end();
  });
}

describe("startServer", () => {
  it("tells where it is, what runs, and (once) how to get in", async () => {
    const server = await start({ only: ["store"] });
    expect(server).toMatchObject({
      http: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      version: "1.2.3",
      modules: { store: "ready" },
      targets: expect.arrayContaining([{ name: "local-store", kind: "store", url: server.http }]),
      firstStart: { login: "admin", password: expect.any(String), token: expect.any(String) },
    });
    const headers = { authorization: `Bearer ${server.firstStart?.token}` };
    expect((await fetch(`${server.http}/api/v1/whoami`, { headers })).status).toBe(200);
    await server.stop();
    const again = await start({ dataDir: server.dataDir });
    expect(again.firstStart).toBeUndefined();
    expect((await fetch(`${again.http}/api/v1/whoami`, { headers })).status).toBe(200);
  });

  it("leaves modules out, and refuses names that it does not know", async () => {
    const server = await start({ without: ["store", "kafka", "deb", "container"] });
    expect(server.modules).toEqual({ store: "off", kafka: "off", deb: "off", container: "off" });
    expect(server.targets).toEqual([]);
    for (const wrong of [{ only: ["shop"] }, { without: ["shop"] }]) {
      await expect(start(wrong)).rejects.toMatchObject({
        code: "USAGE",
        hint: expect.stringContaining("store"),
      });
    }
    await expect(start({ only: ["store"], without: ["store"] })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("refuses a data directory, a port and a socket that are in use, and holds nothing after that", async () => {
    const server = await start({ socket: join(await makeTempDir(), "s.sock") });
    await expect(start({ dataDir: server.dataDir })).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining(String(process.pid)),
    });
    const dataDir = join(await makeTempDir(), "data");
    const port = Number(new URL(server.http).port);
    await expect(start({ dataDir, port })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(start({ dataDir, socket: server.socket })).rejects.toMatchObject({ code: "CONFLICT" });
    await start({ dataDir });
  });

  it.each([
    [
      "an address without TLS",
      { host: "0.0.0.0" },
      { code: "USAGE", hint: expect.stringContaining("--allow-plain-http") },
    ],
    ["an address of another machine", { host: "192.0.2.1", allowPlainHttp: true }, { code: "USAGE" }],
    ["a public URL that is none", { publicUrl: "plugins" }, { code: "USAGE" }],
    ["a log level that is none", { logLevel: "loud" }, { code: "USAGE" }],
    [
      "TLS files that are not there",
      { tls: { certFile: "/no/cert", keyFile: "/no/key" } },
      { code: "CONFIG", message: "the TLS file /no/cert cannot be read" },
    ],
  ])("refuses %s", async (_what, options, error) => {
    await expect(start(options)).rejects.toMatchObject(error);
  });

  it("listens beyond this machine when told so", async () => {
    const server = await start({ host: "0.0.0.0", allowPlainHttp: true });
    expect((await fetch(`${server.http}/healthz`)).status).toBe(200);
  });

  it("serves the same on further ports, and lets go of them when it stops", async () => {
    const server = await start({ extraPorts: [0, 0] });
    const [one = "", two = ""] = server.extraHttp;
    expect(new Set([server.http, one, two]).size).toBe(3);
    for (const url of [one, two]) {
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/api/v1/whoami`)).status).toBe(401);
    }
    const port = Number(new URL(one).port);
    const dataDir = join(await makeTempDir(), "data");
    await expect(start({ dataDir, extraPorts: [0, port] })).rejects.toMatchObject({
      code: "CONFLICT",
      hint: expect.stringContaining("--extra-port"),
    });
    await server.stop();
    await expect(fetch(`${one}/healthz`)).rejects.toThrow();
    const again = await start({ dataDir, extraPorts: [port] });
    expect(again.extraHttp).toEqual([one]);
  });

  it("has TLS on further ports as on the first", async () => {
    const server = await start({ tls: "self-signed", extraPorts: [0] });
    const [extra = ""] = server.extraHttp;
    expect(extra).toMatch(/^https:/);
    const dispatcher = new Agent({
      connect: { ca: await readFile(server.targets[0]?.caFile ?? "", "utf8") },
    });
    onTestFinished(() => dispatcher.close());
    expect((await undiciFetch(`${extra}/healthz`, { dispatcher })).status).toBe(200);
  });

  it("makes a self-signed pair once, that names this machine, and trusts no other", async () => {
    const server = await start({ tls: "self-signed" });
    const [target] = server.targets;
    expect(target).toMatchObject({ url: server.http, caFile: join(server.dataDir, "tls/cert.pem") });
    const ca = await readFile(target?.caFile ?? "", "utf8");
    const dispatcher = new Agent({ connect: { ca } });
    onTestFinished(() => dispatcher.close());
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = server.http.replace("127.0.0.1", host);
      expect((await undiciFetch(`${url}/healthz`, { dispatcher })).status).toBe(200);
    }
    await expect(fetch(`${server.http}/healthz`)).rejects.toThrow();
    expect((await stat(join(server.dataDir, "tls/key.pem"))).mode & 0o777).toBe(0o600);
    await server.stop();
    const again = await start({ dataDir: server.dataDir, tls: "self-signed" });
    expect(await readFile(again.targets[0]?.caFile ?? "", "utf8")).toBe(ca);
    await again.stop();
    const files = {
      certFile: join(server.dataDir, "tls/cert.pem"),
      keyFile: join(server.dataDir, "tls/key.pem"),
    };
    const given = await start({ dataDir: server.dataDir, tls: files });
    expect(given.http).toMatch(/^https:/);
    expect(given.targets[0]).not.toHaveProperty("caFile");
    const swapped = { certFile: files.keyFile, keyFile: files.certFile };
    await expect(start({ tls: swapped })).rejects.toMatchObject({ code: "CONFIG" });
  });

  it("serves the same on a private Unix socket, which goes with the server", async () => {
    const socket = join(await makeTempDir(), "s.sock");
    const server = await start({ socket });
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect(await overSocket(socket, "/healthz")).toEqual({ status: 200, body: '{"status":"ok"}' });
    expect((await overSocket(socket, "/metrics")).status).toBe(200);
    expect((await overSocket(socket, "/api/v1/whoami")).status).toBe(401);
    await server.stop();
    await expect(stat(socket)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("replaces the socket of a dead server, and nothing else at that path", async () => {
    const directory = await makeTempDir();
    const stale = join(directory, "stale.sock");
    const script = `require("node:net").createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, "SIGKILL"))`;
    await once(spawn(process.execPath, ["-e", script]), "exit");
    expect((await stat(stale)).isSocket()).toBe(true);
    const server = await start({ socket: stale });
    expect((await overSocket(stale, "/healthz")).status).toBe(200);
    await server.stop();
    const file = join(directory, "file");
    await writeFile(file, "precious");
    await expect(start({ socket: file })).rejects.toMatchObject({ code: "CONFLICT" });
    expect(await readFile(file, "utf8")).toBe("precious");
  });

  it("finishes what runs when it is stopped, and refuses what comes after", async () => {
    const server = await start();
    const headers = { "content-type": "application/json" };
    const { login, password } = server.firstStart ?? {};
    // A login takes a while: its password is hashed.
    const body = JSON.stringify({ login, password });
    const running = fetch(`${server.http}/api/v1/auth/login`, { method: "POST", headers, body });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const stopping = performance.now();
    const stopped = server.stop();
    expect((await running).status).toBe(200);
    await stopped;
    // Not at the end of the drain time: the connection that the client keeps alive must not hold it up.
    expect(performance.now() - stopping).toBeLessThan(9_000);
    await expect(fetch(`${server.http}/healthz`)).rejects.toThrow();
    await server.stop();
  });

  it("ends event streams, and cuts off what does not end within the drain time", async () => {
    const server = await start({ drainMs: 300 });
    const headers = { authorization: `Bearer ${server.firstStart?.token}` };
    const events = await fetch(`${server.http}/api/v1/events`, { headers });
    const stuck = request(`${server.http}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-length": 100 },
    });
    stuck.on("error", () => {});
    stuck.write("{");
    await new Promise((resolve) => setTimeout(resolve, 50));
    const cut = new Promise((resolve) => stuck.on("close", resolve));
    await server.stop();
    await events.text();
    await cut;
  });

  it("writes the log to a file when told so", async () => {
    const logFile = join(await makeTempDir(), "deep", "server.log");
    const server = await start({ logFile, logLevel: "info" });
    await fetch(`${server.http}/api/v1/whoami`);
    await server.stop();
    const lines = (await readFile(logFile, "utf8")).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).msg)).toContain("request refused");
    expect((await stat(logFile)).mode & 0o077).toBe(0);
  });

  it("says which port is taken by somebody else", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void other.close());
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringContaining(`${port}`),
    });
  });

  it("can be killed at any moment of its first start and finish it at the next", async () => {
    const script = `
      const { startServer } = await import(${JSON.stringify(MODULE)});
      const server = await startServer({ dataDir: process.argv[1], host: "127.0.0.1", port: 0, version: "1.2.3", logLevel: "silent" });
      console.log(JSON.stringify(server.firstStart ?? null));
      await server.stop();
    `;
    const run = (dataDir: string) =>
      spawn(process.execPath, ["--input-type=module", "-e", script, dataDir], {
        stdio: ["ignore", "pipe", "inherit"],
      });
    for (const killAfterMs of [400, 550, 700, 850]) {
      const dataDir = join(await makeTempDir(), "data");
      const victim = run(dataDir);
      const said = text(victim.stdout);
      const exited = once(victim, "exit");
      const timer = setTimeout(() => victim.kill("SIGKILL"), killAfterMs);
      await exited;
      clearTimeout(timer);
      const server = await start({ dataDir });
      const known = (await said) === "" ? null : JSON.parse(await said);
      const token = known?.token ?? server.firstStart?.token;
      // Killed between the commit and its report: then the documented way back in is the password file.
      if (token === undefined) continue;
      const headers = { authorization: `Bearer ${token}` };
      expect((await fetch(`${server.http}/api/v1/whoami`, { headers })).status).toBe(200);
    }
  }, 60_000);
});
