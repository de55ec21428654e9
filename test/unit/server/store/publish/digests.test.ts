import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { statedDigest } from "../../../../../src/server/store/publish/digest-header.ts";
import { treeSha256 } from "../../../../../src/server/store/publish/tree.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("the tree digest is sha256 over the sorted lines of digest and path, whatever the order given", () => {
  const files = ["b", "a/z", "a.js", "\u{1F600}", "\uFFFD"].map((path) => ({ path, sha256: sha256(path) }));
  const lines = ["a.js", "a/z", "b", "\uFFFD", "\u{1F600}"].map((path) => `${sha256(path)}  ${path}\n`);
  expect(treeSha256(files)).toBe(sha256(lines.join("")));
  expect(treeSha256(files.toReversed())).toBe(treeSha256(files));
});

describe("the stated digest", () => {
  const hex = sha256("x");
  const base64 = Buffer.from(hex, "hex").toString("base64");
  test.each([
    [{ "content-digest": `sha-256=:${base64}:` }, hex],
    [{ "content-digest": `sha-512=:abc=:, sha-256=:${base64}:` }, hex],
    [{ "content-digest": "sha-512=:abc=:" }, undefined],
    [{ "x-checksum-sha256": hex.toUpperCase() }, hex],
    [{}, undefined],
  ])("of %j is read", (headers, expected) => expect(statedDigest(headers)).toBe(expected));
  test.each([
    [{ "content-digest": "sha-256=:abc=:" }],
    [{ "content-digest": "sha-256=abc" }],
    [{ "x-checksum-sha256": "abc" }],
  ])("of %j is refused", (headers) =>
    expect(() => statedDigest(headers)).toThrow(
      expect.objectContaining({ status: 400, code: "bad_request" }),
    ),
  );
});
