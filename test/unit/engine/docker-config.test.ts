import { createHash } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { resolveContext } from "../../../src/engine/docker-config.ts";
import { dockerLogins, registryHost } from "../../../src/engine/registry-auth.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

async function makeConfig(config: object) {
  const folder = await makeTempDir();
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  return { folder, env: { DOCKER_CONFIG: folder, PATH: process.env.PATH } };
}

async function addContext(folder: string, name: string, endpoint: object, ca?: string) {
  const id = createHash("sha256").update(name).digest("hex");
  await mkdir(join(folder, "contexts/meta", id), { recursive: true });
  const meta = { Name: name, Metadata: {}, Endpoints: { docker: endpoint } };
  await writeFile(join(folder, "contexts/meta", id, "meta.json"), JSON.stringify(meta));
  if (ca === undefined) return;
  await mkdir(join(folder, "contexts/tls", id, "docker"), { recursive: true });
  await writeFile(join(folder, "contexts/tls", id, "docker/ca.pem"), ca);
}

it("takes the engine that docker itself would take", async () => {
  const { folder, env } = await makeConfig({ currentContext: "lab" });
  await addContext(folder, "lab", { Host: "ssh://ann@lab" });
  await addContext(folder, "far", { Host: "tcp://far:2376" }, "PEM");
  const ssh = { type: "ssh", host: "lab", user: "ann" };
  expect(await resolveContext(env)).toMatchObject(ssh);
  expect(await resolveContext({ ...env, DOCKER_CONTEXT: "far" })).toEqual({
    ...{ type: "tcp", host: "far", port: 2376 },
    tls: { ca: "PEM", cert: undefined, key: undefined, insecure: undefined },
  });
  expect(await resolveContext({ ...env, DOCKER_HOST: "tcp://h:1" })).toMatchObject({ host: "h", port: 1 });
  expect(await resolveContext({ ...env, DOCKER_HOST: "tcp://h:1" }, "lab")).toMatchObject(ssh);
  expect(await resolveContext(env, "default")).toEqual({ type: "socket", path: "/var/run/docker.sock" });
  await expect(resolveContext(env, "none")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

it("says which file of docker's is damaged", async () => {
  const folder = await makeTempDir();
  await writeFile(join(folder, "config.json"), "{");
  await expect(resolveContext({ DOCKER_CONFIG: folder })).rejects.toMatchObject({
    code: "CONFIG",
    message: `${join(folder, "config.json")} is not JSON`,
  });
});

it("finds the login of a registry in the file or with the helper that the file names", async () => {
  const basic = (text: string) => ({ auth: Buffer.from(text).toString("base64") });
  const { folder, env } = await makeConfig({
    auths: {
      "https://index.docker.io/v1/": basic("hub:p:w"),
      "r.example.com:5000": basic("me:secret"),
      "t.example.com": { identitytoken: "tok" },
    },
    credHelpers: { "h.example.com": "test" },
  });
  const helper = join(folder, "docker-credential-test");
  await writeFile(helper, `#!/bin/sh\nread -r host; printf '{"Username":"u","Secret":"%s"}' "$host"\n`);
  await chmod(helper, 0o755);
  process.env.PATH = `${folder}:${env.PATH}`;
  const login = dockerLogins(env);
  expect(await login("nginx:1")).toMatchObject({ username: "hub", password: "p:w" });
  expect(await login("docker.io/library/nginx")).toMatchObject({ username: "hub" });
  expect(await login("r.example.com:5000/a/b:1")).toMatchObject({ username: "me", password: "secret" });
  expect(await login("t.example.com/a")).toMatchObject({ identitytoken: "tok" });
  expect(await login("h.example.com/a")).toMatchObject({ username: "u", password: "h.example.com" });
  expect(await login("none.example.com/a")).toBeUndefined();
  process.env.PATH = env.PATH;
});

it.each([
  ["nginx", "docker.io"],
  ["team/nginx:1", "docker.io"],
  ["localhost/x", "localhost"],
  ["r.example.com/x", "r.example.com"],
  ["host:5000/x@sha256:".concat("a".repeat(64)), "host:5000"],
])("%s is in the registry %s", (reference, host) => {
  expect(registryHost(reference)).toBe(host);
});
