// The ingress beside nginx as a proxy in front of the same plugin: small answers, a large one, and a login by token.
//   npm run bench:ingress
//   needs root, and Debian's docker.io, nginx-light and wrk
// The plugin is an nginx in a container of a Docker Engine that the benchmark starts; both proxies reach it at its own
// address and keep connections to it alive. Build first: it runs the built program.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = 4;
const CONNECTIONS = 64;
const LARGE_BYTES = 256 * 1024;
/** Goals: at least this share of nginx's rate, at most that many times its 99th percentile. */
const RATE_GOAL = 0.3;
const P99_GOAL = 3;

const FIRST_ADDRESS = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
const PORT = 8080;
/** Files of a program: itself, and the libraries that it loads. */
const NGINX_FILES = ["/usr/sbin/nginx", "/etc/nginx/mime.types"];

const folder = mkdtempSync(join(tmpdir(), "plugctl-bench-"));
const children = [];
let engine;
try {
  const docker = await startEngine();
  engine = {
    cleanUp() {
      for (const words of [
        ["rm", "-f", "admin-open", "admin-closed"],
        ["network", "rm", "admin"],
      ])
        spawnSync("docker", ["-H", docker.host, ...words], { stdio: "ignore" });
    },
  };
  const ingress = await startServer(docker);
  await buildImage(docker);
  for (const plugin of ["open", "closed"]) await install(ingress, plugin);
  await ingress.call("PUT", "/api/v1/container/plugins/open/access", {
    access: "public",
    force: true,
    requestsPerSecond: null,
  });
  const nginx = await startProxy(docker(["inspect", "-f", FIRST_ADDRESS, "admin-open"]).trim());
  const bearer = { authorization: `Bearer ${ingress.token}` };
  const cases = {
    "small, public": { plugctl: [`${ingress.http}/p/open/`, {}], nginx: [`${nginx}/`, {}] },
    "small, token": { plugctl: [`${ingress.http}/p/closed/`, bearer], nginx: [`${nginx}/`, bearer] },
    "256 KiB, public": { plugctl: [`${ingress.http}/p/open/large`, {}], nginx: [`${nginx}/large`, {}] },
  };
  process.stdout.write(
    `wrk, 1 thread, ${CONNECTIONS} connections, ${SECONDS} s, median of ${ROUNDS} in turn\n\n`,
  );
  for (const [name, servers] of Object.entries(cases)) {
    const results = { plugctl: [], nginx: [] };
    for (const [url, headers] of Object.values(servers)) {
      await settle(url, headers);
      wrk(url, headers);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [server, [url, headers]] of Object.entries(servers)) results[server].push(wrk(url, headers));
    }
    const [ours, theirs] = [summary(results.plugctl), summary(results.nginx)];
    for (const [server, { rate, p99, errors }] of Object.entries({ plugctl: ours, nginx: theirs })) {
      process.stdout.write(
        `${name.padEnd(16)} ${server.padEnd(8)} ${rate.toFixed(0).padStart(8)} req/s   p99 ${p99.toFixed(1).padStart(8)} ms   errors ${errors}\n`,
      );
    }
    // Round by round: what else happens on the machine meets both alike.
    const ratio = (of) => median(results.plugctl.map((run, round) => run[of] / results.nginx[round][of]));
    const [rate, p99] = [ratio("rate"), ratio("p99")];
    const met = rate >= RATE_GOAL && p99 <= P99_GOAL ? "met" : "missed";
    process.stdout.write(
      `${name.padEnd(16)} ratio    ${rate.toFixed(2).padStart(8)}         p99 ${p99.toFixed(1).padStart(8)} ×    goal (≥ ${RATE_GOAL}, ≤ ${P99_GOAL} ×) ${met}\n\n`,
    );
  }
} finally {
  engine?.cleanUp();
  for (const child of children.reverse()) {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}

/** A Docker Engine that shares nothing with others on the machine. Returns its command line. */
async function startEngine() {
  const root = join(folder, "docker");
  mkdirSync(root);
  const host = `unix://${root}/docker.sock`;
  const args = [
    "--data-root",
    `${root}/data`,
    "--exec-root",
    `${root}/exec`,
    "--pidfile",
    `${root}/pid`,
    "-H",
    host,
  ];
  args.push("--storage-driver=vfs", "--bridge=none", "--iptables=false", "--ip6tables=false");
  args.push("--default-address-pool", "base=10.213.0.0/20,size=24");
  children.push(spawn("dockerd", args, { stdio: "ignore" }));
  const docker = (words, options) =>
    execFileSync("docker", ["-H", host, ...words], { encoding: "utf8", ...options });
  for (let tries = 0; ; tries += 1) {
    try {
      docker(["version"], { stdio: "ignore" });
      return Object.assign(docker, { host });
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(200);
    }
  }
}

/** The machine's own nginx as an image. */
async function buildImage(docker) {
  const root = join(folder, "image");
  for (const name of ["html", "tmp", "dev", "proc", "sys", "etc"])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, "html", "large"), Buffer.alloc(LARGE_BYTES, "x"));
  writeFileSync(join(root, "html", "index.html"), "<p>A small page of a plugin.</p>\n");
  writeFileSync(join(root, "etc", "passwd"), "root:x:0:0:root:/:/\nnobody:x:65534:65534::/:/\n");
  writeFileSync(join(root, "etc", "group"), "root:x:0:\nnogroup:x:65534:\n");
  writeFileSync(
    join(root, "nginx.conf"),
    nginxConfig("/tmp", `server { listen ${PORT} backlog=1024; root /html; }`),
  );
  const libraries = execFileSync("ldd", ["/usr/sbin/nginx"], { encoding: "utf8" }).match(/\/\S+/g);
  const files = [...NGINX_FILES, ...libraries].map((path) => path.slice(1));
  const archive = join(folder, "image.tar");
  execFileSync("tar", ["-chf", archive, "-C", root, ".", "-C", "/", ...files]);
  docker([
    "import",
    "--change",
    'CMD ["/usr/sbin/nginx", "-c", "/nginx.conf", "-p", "/tmp"]',
    archive,
    "bench:1.0.0",
  ]);
}

async function startServer(docker) {
  const catalogue = join(folder, "catalogue");
  for (const name of ["open", "closed"]) {
    mkdirSync(join(catalogue, name), { recursive: true });
    const task = { type: "docker", image: "bench:1.0.0", user: "0:0" };
    const main = { proxy_to: { plugin: name, port: PORT } };
    const entry = { name, version: "1.0.0", task, interface: { main } };
    writeFileSync(join(catalogue, name, "plugin.json"), JSON.stringify(entry));
  }
  const [config, ready] = [join(folder, "config"), join(folder, "ready.json")];
  const args = [join(ROOT, "bin", "plugctl.js"), "serve", "--data", join(folder, "data"), "--port", "0"];
  args.push("--ready-file", ready, "--docker", docker.host, "--marketplace", catalogue);
  const env = { ...process.env, PLUGCTL_CONFIG_DIR: config };
  children.push(spawn(process.execPath, args, { env, stdio: "ignore" }));
  for (let waited = 0; ; waited += 100) {
    try {
      const { http } = JSON.parse(readFileSync(ready, "utf8"));
      const { credentials } = JSON.parse(readFileSync(join(config, "credentials.json"), "utf8"));
      const { token } = credentials["local-container"];
      return { http, token, call: (...request) => call(http, token, ...request) };
    } catch (error) {
      if (waited > 30_000) throw error;
      await sleep(100);
    }
  }
}

async function call(http, token, method, path, body) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${http}${path}`, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

async function install(server, plugin) {
  const { id } = await server.call("POST", `/v1/users/admin/plugins/${plugin}`, {
    action: "install",
    start: true,
  });
  for (;;) {
    const operation = await server.call("GET", `/api/v1/operations/${id}`);
    if (operation.state === "succeeded") return;
    if (operation.state !== "running") throw new Error(JSON.stringify(operation.error));
    await sleep(100);
  }
}

async function startProxy(address) {
  const port = await freePort();
  startNginx(
    "proxy",
    `upstream plugin { server ${address}:${PORT}; keepalive ${CONNECTIONS * 2}; keepalive_requests 100000000; }
     server { listen 127.0.0.1:${port} backlog=1024; location / {
       proxy_pass http://plugin; proxy_http_version 1.1; proxy_set_header Connection "";
       proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
       proxy_set_header X-Forwarded-Proto $scheme; } }`,
  );
  return `http://127.0.0.1:${port}`;
}

function startNginx(name, servers) {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "nginx.conf"), nginxConfig(root, servers));
  children.push(spawn("nginx", ["-c", join(root, "nginx.conf"), "-p", root], { stdio: "ignore" }));
}

function nginxConfig(root, servers) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${root};`)
    .join(" ");
  return `daemon off; master_process off; pid ${root}/pid; error_log stderr crit;
    events { worker_connections 4096; }
    http { access_log off; sendfile on; keepalive_requests 100000000; default_type text/html; ${temporary} ${servers} }`;
}

async function settle(url, headers) {
  for (let tries = 0; tries < 50; tries += 1) {
    try {
      const response = await fetch(url, { headers });
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
  const sockets = [...text.matchAll(/(?:connect|read|write|timeout) (\d+)/g)].map(([, count]) =>
    Number(count),
  );
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  return {
    p99: Number(value) * { us: 0.001, ms: 1, s: 1000 }[unit],
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]),
    errors: sockets.reduce((sum, count) => sum + count, refused),
  };
}

function summary(runs) {
  return {
    p99: median(runs.map((run) => run.p99)),
    rate: median(runs.map((run) => run.rate)),
    errors: runs.reduce((sum, run) => sum + run.errors, 0),
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
