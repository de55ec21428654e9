// Discovery under load beside nginx serving the same bytes as a file: 10,000 plugins of 3 versions each, 200 connections.
//   npm run bench:discovery          (needs Debian's nginx-light and wrk)
// Both are asked for three things in turn: the whole list, the list gzip-encoded, and a 304 by ETag.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BIN = join(ROOT, "bin", "plugctl.js");
const PLUGINS = Number(process.env.PLUGINS ?? 10_000);
const VERSIONS = ["1.0.0", "1.1.0", "2.0.0"];
const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 200;

const folder = mkdtempSync(join(tmpdir(), "plugctl-bench-"));
const children = [];
try {
  const store = await startStore();
  await fill(store);
  const url = `${store.http}/discovery/main/harmonix.json`;
  const list = await fetch(url, { headers: { "accept-encoding": "identity" } });
  const body = Buffer.from(await list.arrayBuffer());
  const etag = list.headers.get("etag");
  const nginx = await startNginx(body);
  const plain = { headers: { "accept-encoding": "identity" } };
  const nginxEtag = (await fetch(nginx, plain)).headers.get("etag");
  process.stdout.write(`${PLUGINS} plugins of ${VERSIONS.length} versions: a list of ${body.length} bytes\n`);
  process.stdout.write(
    `wrk, 1 thread, ${CONNECTIONS} connections, ${SECONDS} s, median of ${ROUNDS} in turn\n\n`,
  );
  await settle(url);
  const cases = {
    "whole list": { plugctl: [url, {}], nginx: [nginx, {}] },
    "gzip list": {
      plugctl: [url, { "accept-encoding": "gzip" }],
      nginx: [nginx, { "accept-encoding": "gzip" }],
    },
    "304 by ETag": {
      plugctl: [url, { "if-none-match": etag }],
      nginx: [nginx, { "if-none-match": nginxEtag }],
    },
  };
  for (const [name, servers] of Object.entries(cases)) {
    const results = { plugctl: [], nginx: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [server, [target, headers]] of Object.entries(servers))
        results[server].push(wrk(target, headers));
    }
    for (const [server, runs] of Object.entries(results)) {
      const p99 = median(runs.map((run) => run.p99));
      const rate = median(runs.map((run) => run.rate));
      const errors = runs.reduce((sum, run) => sum + run.errors, 0);
      process.stdout.write(
        `${name.padEnd(12)} ${server.padEnd(8)} ${rate.toFixed(0).padStart(8)} req/s   p99 ${p99.toFixed(1).padStart(8)} ms   errors ${errors}\n`,
      );
    }
  }
} finally {
  for (const child of children.reverse()) {
    child.kill("SIGTERM");
    if (child.exitCode === null) await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}

async function startStore() {
  const config = join(folder, "config");
  const ready = join(folder, "ready.json");
  const args = [BIN, "serve", "--data", join(folder, "data"), "--port", "0", "--ready-file", ready];
  children.push(
    spawn(process.execPath, args, { env: { ...process.env, PLUGCTL_CONFIG_DIR: config }, stdio: "ignore" }),
  );
  for (let waited = 0; ; waited += 100) {
    try {
      const { http } = JSON.parse(readFileSync(ready, "utf8"));
      const { credentials } = JSON.parse(readFileSync(join(config, "credentials.json"), "utf8"));
      return { http, token: credentials["local-store"].token };
    } catch (error) {
      if (waited > 30_000) throw error;
      await sleep(100);
    }
  }
}

/** Publishes every version over the API, as clients do. */
async function fill({ http, token }) {
  const jobs = Array.from({ length: PLUGINS }, (_, index) =>
    VERSIONS.map((version) => [index, version]),
  ).flat();
  const begin = performance.now();
  const worker = async () => {
    for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
      const [index, version] = job;
      const response = await fetch(`${http}/api/v1/publish`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/gzip" },
        body: await archive(`plugin-${index}`, version),
      });
      if (response.status !== 201) throw new Error(`publish: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  const seconds = (performance.now() - begin) / 1000;
  process.stdout.write(
    `published ${PLUGINS * VERSIONS.length} versions in ${seconds.toFixed(0)} s (${((PLUGINS * VERSIONS.length) / seconds).toFixed(0)}/s)\n`,
  );
}

async function archive(name, version) {
  const tar = pack();
  const manifest = { name, version, module: "index.js", description: `Plugin ${name} of the benchmark` };
  tar.entry({ name: "package/package.json" }, JSON.stringify(manifest));
  tar.entry({ name: "package/index.js" }, `export const initialize = async () => "${name}@${version}";`);
  tar.finalize();
  const chunks = [];
  for await (const chunk of tar) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks), { level: 1 });
}

async function startNginx(body) {
  const root = join(folder, "nginx");
  mkdirSync(join(root, "html"), { recursive: true });
  writeFileSync(join(root, "html", "list.json"), body);
  writeFileSync(join(root, "html", "list.json.gz"), gzipSync(body, { level: 6 }));
  const port = await freePort();
  writeFileSync(
    join(root, "nginx.conf"),
    `daemon off; ${process.getuid?.() === 0 ? "user root;" : ""} worker_processes 1; pid ${root}/pid; error_log ${root}/error.log;
     events { worker_connections 1024; }
     http {
       access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; open_file_cache max=10;
       client_body_temp_path ${root}; proxy_temp_path ${root}; fastcgi_temp_path ${root}; uwsgi_temp_path ${root}; scgi_temp_path ${root};
       server { listen 127.0.0.1:${port}; root ${root}/html; default_type application/json; gzip_static on; }
     }`,
  );
  children.push(spawn("nginx", ["-c", join(root, "nginx.conf"), "-p", root], { stdio: "ignore" }));
  const url = `http://127.0.0.1:${port}/list.json`;
  await settle(url);
  return url;
}

async function settle(url) {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });
      await response.arrayBuffer();
      if (response.ok && tries > 2) return;
    } catch {
      // Not listening yet.
    }
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}

function wrk(url, headers) {
  const args = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, "--latency", "--timeout", "30s"];
  for (const [name, value] of Object.entries(headers)) args.push("-H", `${name}: ${value}`);
  const text = execFileSync("wrk", [...args, url], { encoding: "utf8" });
  const [, value, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
  const errors = [...text.matchAll(/(?:connect|read|write|timeout) (\d+)/g)].reduce(
    (sum, [, n]) => sum + Number(n),
    0,
  );
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  return {
    p99: Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit],
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    errors: errors + refused,
  };
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
