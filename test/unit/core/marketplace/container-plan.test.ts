import { describe, expect, it } from "vitest";
import { toContainerPlan } from "../../../../src/core/marketplace/container-plan.ts";
import { parseEntry } from "../../../../src/core/marketplace/entry.ts";
import type { PlanContext } from "../../../../src/core/marketplace/plan.ts";

const CONTEXT: PlanContext = { user: "ada", host: "iot.example.com" };

function plan(
  task: Record<string, unknown>,
  rest: Record<string, unknown> = {},
  context: Partial<PlanContext> = {},
) {
  const entry = parseEntry({
    name: "lab",
    version: "1.2.3",
    task: { type: "docker", image: "acme/lab", ...task },
    ...rest,
  });
  return toContainerPlan(entry, { ...CONTEXT, ...context });
}

describe("toContainerPlan", () => {
  it("gives an image without a tag the version of the plugin, and in development the tag develop", () => {
    expect(plan({}).image).toEqual({ reference: "acme/lab:1.2.3", alwaysPull: false });
    expect(plan({ image: "localhost:5000/lab" }).image.reference).toBe("localhost:5000/lab:1.2.3");
    expect(plan({ image: "acme/lab:latest" }).image).toEqual({
      reference: "acme/lab:latest",
      alwaysPull: true,
    });
    expect(plan({}, {}, { development: true })).toMatchObject({
      image: { reference: "acme/lab:develop", alwaysPull: true },
      env: { THINGER_PLUGIN_DEVELOPMENT: "1" },
    });
    const pinned = `acme/lab@sha256:${"a".repeat(64)}`;
    expect(plan({ image: pinned }).image).toEqual({ reference: pinned, alwaysPull: false });
  });

  it("lets the entry's variables win over the platform's, and the user's over both", () => {
    const { env } = plan(
      { env: { THINGER_HOST: "inside", A: "{{THINGER_HOST}}", B: 1, C: true } },
      {},
      {
        env: { B: "{{THINGER_HOST}}", C: null },
      },
    );
    expect(env).toMatchObject({ THINGER_HOST: "inside", A: "iot.example.com", B: "{{THINGER_HOST}}" });
    expect(env).not.toHaveProperty("C");
  });

  it("sets the variables that every plugin gets", () => {
    expect(plan({}, {}, { plugin: "lab2", httpPort: 8080 }).env).toEqual({
      THINGER_HOST: "iot.example.com",
      THINGER_USER: "ada",
      THINGER_PLUGIN: "lab2",
      THINGER_PLUGIN_VERSION: "1.2.3",
      THINGER_HTTP_PORT: "8080",
      THINGER_HTTP_SSL_PORT: "443",
    });
  });

  it("marks every variable that holds a token, and warns of a token in the command line", () => {
    const { env, secrets, warnings } = plan(
      { env: { AUTH: "Bearer {{THINGER_TOKEN_LAB_API}}" }, cmd: ["--token={{THINGER_TOKEN_LAB_API}}"] },
      { tokens: { lab_api: { allow: {} } } },
      { tokens: { lab_api: "t0p" } },
    );
    expect(env).toMatchObject({ AUTH: "Bearer t0p", THINGER_TOKEN_LAB_API: "t0p" });
    expect(secrets).toEqual(["AUTH", "THINGER_TOKEN_LAB_API"]);
    expect(warnings).toEqual([expect.stringMatching(/^task\.cmd\[0\] holds a token/)]);
  });

  it("says which tokens were not issued", () => {
    const { env, warnings } = plan({}, { tokens: { lab: {} } });
    expect(env).not.toHaveProperty("THINGER_TOKEN_LAB");
    expect(warnings).toEqual(["no token was issued for lab: THINGER_TOKEN_LAB is not set"]);
  });

  it("takes volumes as a list and as an object, outer mounts first", () => {
    const list = plan({
      volumes: [
        { source: "deep", target: "/srv/a/b/" },
        { source: "top", target: "/srv" },
      ],
    });
    expect(list.volumes.map(({ target }) => target)).toEqual(["/srv", "/srv/a/b"]);
    const object = plan({ volumes: { top: "/srv", deep: "/srv/a/b" } });
    expect(object.volumes).toEqual(list.volumes);
  });

  it("gives folders to the task's user, and shared ones to the platform's", () => {
    const owners = (user: string) =>
      plan({ user, volumes: { data: "/data", "../../../storages": "/storages" } }).volumes.map(
        ({ owner }) => owner,
      );
    const platform = { uid: 1000, gid: 1000 };
    expect(owners("472:473")).toEqual([{ uid: 472, gid: 473 }, platform]);
    expect(owners("0:0")).toEqual([platform, platform]);
    expect(owners("grafana")).toEqual([platform, platform]);
  });

  it.each([
    [{ type: "podman" }, /tasks of type "podman" are not known/],
    [{ volumes: { "../../../../bob/storages": "/x" } }, /is refused/],
    [
      {
        volumes: [
          { source: "a", target: "/x" },
          { source: "b", target: "/x/" },
        ],
      },
      /two sources on \/x/,
    ],
    [{ copy: { "../other": "data" } }, /leads out of the entry's folder/],
    [{ copy: { config: "../../../../../../thinger/certificates" } }, /would write into the certificates/],
    [{ user: "-v /:/x" }, /is not a user/],
    [{ image: "Acme Lab" }, /is not an image reference/],
  ])("refuses %j", (task, message) => {
    expect(() => plan(task)).toThrowError(message);
  });

  it("refuses a version that cannot be a tag only where it would be one", () => {
    const entry = (image: string) =>
      parseEntry({ name: "lab", version: "1.0.0+build", task: { type: "docker", image } });
    expect(() => toContainerPlan(entry("acme/lab"), CONTEXT)).toThrowError(/the tag is not/);
    expect(toContainerPlan(entry("acme/lab:1"), CONTEXT).image.reference).toBe("acme/lab:1");
  });

  it("maps the platform's host name to the host, unless it is none or the entry says no", () => {
    expect(plan({}).extraHosts).toEqual(["iot.example.com:host-gateway"]);
    expect(plan({ extra_hosts: { bind_hostname: false } }).extraHosts).toEqual([]);
    for (const host of ["localhost", "192.0.2.1", "::1"])
      expect(plan({}, {}, { host }).extraHosts).toEqual([]);
  });

  it("leads the endpoint to the page's port, or else to the task's", () => {
    const page = {
      interface: { main: { proxy_to: { plugin: "lab", port: 8080, rewrite_base_path: false } } },
    };
    expect(plan({ port: 3000 }, page)).toMatchObject({
      endpoint: { port: 8080, rewriteBasePath: false },
      ports: [
        { port: 3000, protocol: "tcp" },
        { port: 8080, protocol: "tcp" },
      ],
    });
    const file = { interface: { main: { file: "gui/lab.js" } } };
    expect(plan({ port: 3000 }, file)).toMatchObject({
      interface: { type: "file", file: "gui/lab.js" },
      endpoint: { port: 3000, rewriteBasePath: true },
    });
    expect(plan({}).endpoint).toBeNull();
    const other = { interface: { main: { proxy_to: { plugin: "other", port: 80 } } } };
    expect(plan({}, other)).toMatchObject({ interface: { plugin: "other" }, endpoint: null });
  });

  it("accepts both spellings of a proxy's plugin", () => {
    const proxy = (target: object) => ({
      proxy: "p",
      config: { protocol: "udp", source: { port: 1 }, target: { type: "plugin", port: 2, ...target } },
    });
    const { resources, ports } = plan(
      {},
      {
        resources: {
          proxies: [
            proxy({ plugin: { name: "{{THINGER_PLUGIN}}", user: "{{THINGER_USER}}" } }),
            proxy({ plugin: "lab", user: "ada" }),
          ],
        },
      },
    );
    const [one, other] = resources.proxies;
    expect(one).toEqual(other);
    expect(one?.target).toEqual({ type: "plugin", plugin: "lab", user: "ada", port: 2, secure: false });
    expect(ports).toEqual([{ port: 2, protocol: "udp" }]);
  });

  it("reads health and stop of entries of own catalogues", () => {
    const own = {
      health: { path: "/healthz", port: 8080, retries: 5 },
      stop: { signal: "SIGINT", timeoutSeconds: 30 },
    };
    expect(plan({}, { plugctl: own })).toMatchObject({
      health: { path: "/healthz", port: 8080, command: null, retries: 5, intervalSeconds: 10 },
      stop: { signal: "SIGINT", timeoutSeconds: 30 },
    });
    expect(() => plan({}, { plugctl: { health: { path: "/", command: ["true"] } } })).toThrowError(
      /can have one/,
    );
  });

  it("takes the shell's command apart", () => {
    expect(plan({ shell: "/bin/bash -l" }).shell).toEqual(["/bin/bash", "-l"]);
    expect(plan({}).shell).toEqual(["/bin/sh"]);
  });
});
