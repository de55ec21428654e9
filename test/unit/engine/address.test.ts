import { expect, it } from "vitest";
import { parseAddress } from "../../../src/engine/address.ts";

it.each([
  ["unix:///run/docker.sock", { type: "socket", path: "/run/docker.sock" }],
  ["tcp://h", { type: "tcp", host: "h", port: 2375, tls: undefined }],
  ["tcp://h:2376", { type: "tcp", host: "h", port: 2376, tls: {} }],
  ["tcp://[::1]:99", { type: "tcp", host: "::1", port: 99, tls: undefined }],
  ["http://h", { type: "tcp", host: "h", port: 80, tls: undefined }],
  ["https://h", { type: "tcp", host: "h", port: 443, tls: {} }],
  ["ssh://ann@h:2222", { type: "ssh", host: "h", port: 2222, user: "ann" }],
  ["ssh://h", { type: "ssh", host: "h", port: undefined, user: undefined }],
])("%s", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

it("speaks TLS where certificates are given", () => {
  expect(parseAddress("tcp://h", { ca: "pem" })).toEqual({
    ...{ type: "tcp", host: "h", port: 2376 },
    tls: { ca: "pem" },
  });
});

it.each([
  "",
  "h",
  "ftp://h",
  "unix://",
  "tcp://",
  "tcp://a@h",
  "ssh://a:b@h",
  "ssh://-oProxyCommand=x",
  "ssh://-lx@h",
])("refuses %j", (text) => {
  expect(() => parseAddress(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
});
