import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  formatImageReference,
  parseImageReference,
} from "../../../../src/core/marketplace/image-reference.ts";

const component = fc.stringMatching(/^[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const host = fc.oneof(
  fc.constantFrom("localhost", "localhost:5000", "ghcr.io", "127.0.0.1:5000", "[::1]:5000", "Registry:443"),
  fc.stringMatching(/^[a-z0-9]{1,8}\.[a-z]{2,3}(:[1-9][0-9]{1,3})?$/),
);
/** With several components and no host the first must not look like one. */
const unambiguous = ({ host, path }: { host?: string | undefined; path: string[] }) =>
  host !== undefined || path.length === 1 || !path[0]?.includes(".");
const reference = fc
  .record({
    host: fc.option(host, { nil: undefined }),
    path: fc.array(component, { minLength: 1, maxLength: 3 }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/)),
    digest: fc.option(fc.stringMatching(/^sha256:[0-9a-f]{64}$/)),
  })
  .filter(unambiguous);

describe("parseImageReference", () => {
  it("reads back what is written, a registry's port included", () => {
    fc.assert(
      fc.property(reference, ({ host, path, tag, digest }) => {
        const repository = [...(host === undefined ? [] : [host]), ...path].join("/");
        const text = formatImageReference({ repository, tag, digest });
        expect(parseImageReference(text)).toEqual({ repository, tag, digest });
      }),
    );
  });

  it("gives an error of its own for any other text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(formatImageReference(parseImageReference(text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: "INVALID" });
        }
      }),
    );
  });

  it.each([
    ["localhost:5000/x", "localhost:5000/x", null],
    ["registry:2.8.1", "registry", "2.8.1"],
    ["a/b:v1", "a/b", "v1"],
  ])("takes %s apart after its last slash", (text, repository, tag) => {
    expect(parseImageReference(text)).toEqual({ repository, tag, digest: null });
  });

  it.each(["", "A/B", "a//b", "a:", "a@sha256:12", "a b", "-a", "../a", "a:b/c:d:e", "host.x:99999999/a"])(
    "refuses %j",
    (text) => {
      expect(() => parseImageReference(text)).toThrowError(/is not an image reference/);
    },
  );
});
