import { describe, expect, test } from "vitest";
import { createPluginHosts } from "../../../../../src/server/container/ingress/plugin-hosts.ts";
import { engineAddress } from "../../../../../src/server/container/plugins/engine-address.ts";
import { networkAddress, toOrigin } from "../../../../../src/server/container/plugins/network-address.ts";
import { platformOf } from "../../../../../src/server/container/plugins/platform.ts";
import { toSlug } from "../../../../../src/server/container/plugins/registry.ts";
import { needsAdministrator } from "../../../../../src/server/container/plugins/settings-schema.ts";

const SOCKET = { type: "socket", path: "/s" } as const;
const REMOTE = { type: "tcp", host: "engine.example", port: 2376, tls: undefined } as const;

describe("the engine", () => {
  test("is the one that was named, then the environment's", () => {
    expect(engineAddress("/run/podman.sock", {})).toEqual({ type: "socket", path: "/run/podman.sock" });
    expect(engineAddress("tcp://10.0.0.1:2375", { DOCKER_HOST: "unix:///x" })).toMatchObject({
      host: "10.0.0.1",
    });
    expect(engineAddress(undefined, { DOCKER_HOST: "unix:///x" })).toEqual({ type: "socket", path: "/x" });
  });
});

describe("a port of a container is reached", () => {
  const settings = (Ports: object, IPAddress = "172.18.0.2") => ({
    NetworkSettings: { Ports, Networks: { admin: { IPAddress } } } as never,
  });

  test("where it is published, else at the container's own address", () => {
    const published = settings({ "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }] });
    expect(networkAddress(published, 80, { engine: SOCKET })).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(networkAddress(published, 80, { engine: REMOTE })).toEqual({ host: "engine.example", port: 8080 });
    expect(networkAddress(settings({}), 80, { engine: SOCKET })).toEqual({ host: "172.18.0.2", port: 80 });
    expect(networkAddress(settings({}), 80, { engine: REMOTE })).toBeUndefined();
    expect(networkAddress(settings({}, ""), 80, { engine: SOCKET })).toBeUndefined();
    expect(networkAddress(published, 80, { engine: SOCKET, protocol: "udp" })).toEqual({
      host: "172.18.0.2",
      port: 80,
    });
  });

  test("by an origin that URLs can hold", () => {
    expect(toOrigin({ host: "::1", port: 80 })).toBe("http://[::1]:80");
  });
});

test.each([
  ["node-red", "node-red"],
  ["Http_Device:1", "http-device-1"],
  ["__", "plugin"],
])("%s stands in addresses as %s", (name, slug) => expect(toSlug(name)).toBe(slug));

test("host names of plugins have the scheme and port of the server's own", () => {
  const hosts = createPluginHosts("plugins.example.com", "https://example.com:8443/x");
  expect(hosts.originOf("demo")).toBe("https://demo.plugins.example.com:8443");
  expect(hosts.slugOf("demo.plugins.example.com")).toBe("demo");
  for (const name of [
    "plugins.example.com",
    "a.b.plugins.example.com",
    "demo.plugins.example.org",
    "-.plugins.example.com",
  ])
    expect(hosts.slugOf(name)).toBeUndefined();
  expect(hosts.slugOfOrigin("https://demo.plugins.example.com:8443")).toBe("demo");
  expect(hosts.slugOfOrigin("http://demo.plugins.example.com:8443")).toBeUndefined();
  expect(() => createPluginHosts("plugins.example.com", undefined)).toThrow(/needs the address/);
  expect(() => createPluginHosts("bad domain", "https://example.com")).toThrow(/is not a domain/);
});

test("plugins are told the server's public address", () => {
  expect(platformOf("https://example.com")).toEqual({ host: "example.com", isReachable: true });
  expect(platformOf("http://example.com:7400")).toMatchObject({ httpPort: 7400 });
  expect(platformOf("http://localhost:7400").isReachable).toBe(false);
  expect(platformOf(undefined).isReachable).toBe(false);
});

test("settings that reach beyond the plugin are told", () => {
  expect(
    needsAdministrator({ env: { A: "1" }, ports: ["8080:80", "127.0.0.1:8080:80/udp", "[::1]:1:1"] }),
  ).toBe(false);
  expect(needsAdministrator({ ports: ["0.0.0.0:8080:80"] })).toBe(true);
  expect(needsAdministrator({ ports: ["[::]:8080:80"] })).toBe(true);
  expect(needsAdministrator({ volumes: ["data:/data"] })).toBe(true);
});
