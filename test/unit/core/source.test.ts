import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isPlugctlError, type PlugctlError } from "../../../src/core/errors.ts";
import type { InstallSource } from "../../../src/core/installation.ts";
import { formatSource, parseSource } from "../../../src/core/source.ts";

const context = {
  targets: ["edge", "nginx"],
  cwd: "/project",
  isPluginFolder: (path: string) => path === "/project/grafana",
};

const sourceOf = (text: string) => parseSource(text, context).source;

function refusal(text: string): PlugctlError {
  try {
    parseSource(text, context);
  } catch (error) {
    if (isPlugctlError(error)) return error;
  }
  throw new Error(`"${text}" was accepted`);
}

describe("a source is told by its form", () => {
  test.each<[string, InstallSource]>([
    ["./plugin", { type: "path", path: "/project/plugin" }],
    [".", { type: "path", path: "/project" }],
    ["../x", { type: "path", path: "/x" }],
    ["/srv/plugin", { type: "path", path: "/srv/plugin" }],
    ["file:./plugin", { type: "path", path: "/project/plugin" }],
    ["file:plugin", { type: "path", path: "/project/plugin" }],
    ["file:///srv/my%20plugin", { type: "path", path: "/srv/my plugin" }],
    ["dist/x_1.0_all.deb", { type: "path", path: "/project/dist/x_1.0_all.deb" }],
    ["market:x.deb", { type: "market", name: "x.deb" }],
    ["image:nginx", { type: "image", reference: "nginx" }],
    ["image:localhost:5000/acme/x:1.0", { type: "image", reference: "localhost:5000/acme/x:1.0" }],
    [`image:nginx@sha256:${"a".repeat(64)}`, { type: "image", reference: `nginx@sha256:${"a".repeat(64)}` }],
    ["market:grafana", { type: "market", name: "grafana" }],
    ["market:grafana@11.3.0", { type: "market", name: "grafana", version: "11.3.0" }],
    ["node-red", { type: "market", name: "node-red" }],
    ["node-red@1.9.2-1", { type: "market", name: "node-red", version: "1.9.2-1" }],
    ["official/admin-ui", { type: "market", name: "official/admin-ui" }],
    ["https://example.com/acme/x.git", { type: "git", url: "https://example.com/acme/x.git" }],
    ["https://example.com/acme/x", { type: "git", url: "https://example.com/acme/x" }],
    [
      "git+https://example.com/x.git//plugins/a#v1.2",
      { type: "git", url: "https://example.com/x.git", directory: "plugins/a", ref: "v1.2" },
    ],
    ["git@example.com:acme/x.git#main", { type: "git", url: "git@example.com:acme/x.git", ref: "main" }],
    ["ssh://git@example.com/x.git", { type: "git", url: "ssh://git@example.com/x.git" }],
    ["git:./repo//sub#release/2", { type: "git", url: "/project/repo", directory: "sub", ref: "release/2" }],
    ["git+file:///srv/repo", { type: "git", url: "file:///srv/repo" }],
  ])("%s", (text, expected) => {
    expect(parseSource(text, context)).toEqual({ source: expected });
  });

  it("takes the word before the colon as a target only when there is one", () => {
    expect(parseSource("edge:x_1.0_all.deb", context)).toEqual({
      target: "edge",
      source: { type: "path", path: "/project/x_1.0_all.deb" },
    });
    expect(parseSource("edge:grafana@2", context)).toEqual({
      target: "edge",
      source: { type: "market", name: "grafana", version: "2" },
    });
  });
});

describe("behind a target", () => {
  test.each([
    "./plugin",
    "git:./repo//sub#v1",
    "https://example.com/x.git#main",
    "image:nginx:1",
    "market:a@1",
    "file:x.deb",
  ])("%s is the same source", (text) => {
    expect(parseSource(`edge:${text}`, context)).toEqual({ target: "edge", source: sourceOf(text) });
  });

  it("is a source only where there is such a target", () => {
    expect(refusal("elsewhere:./plugin").message).toContain('no target is called "elsewhere"');
    expect(refusal("elsewhere:https://example.com/x.git").code).toBe("USAGE");
  });

  it("is refused as it is without one", () => {
    expect(refusal("edge:https://example.com/x.git#--force").message).toContain("--force");
    expect(refusal("edge:https://example.com/x_1.0_all.deb").message).toContain("a file to download");
  });
});

describe("what could be two things shows both spellings", () => {
  test.each([
    ["grafana", ["market:grafana", "./grafana"]],
    ["nginx:1.27", ["image:nginx:1.27", "-t nginx market:1.27"]],
    ["redis:7", ["image:redis:7", "-t TARGET market:7"]],
    ["ghcr.io/acme", ["market:ghcr.io/acme", "image:ghcr.io/acme"]],
    ["ghcr.io/acme/x", ["image:ghcr.io/acme/x", "git:https://ghcr.io/acme/x"]],
  ])("%s", (text, spellings) => {
    const error = refusal(text);
    expect(error.exitCode).toBe(2);
    expect(error.details?.spellings).toEqual(spellings);
    for (const spelling of spellings) expect(error.hint).toContain(spelling);
  });

  it("and each spelling that it shows is understood, as different things", () => {
    const seen = ["market:grafana", "./grafana"].map((text) => sourceOf(text).type);
    expect(seen).toEqual(["market", "path"]);
  });
});

describe("what is refused", () => {
  test.each([
    "",
    "image:",
    "image:Upper/Case",
    "image:a b",
    "market:",
    "market:edge:x",
    "file:",
    "file://host/share",
    "git:",
    "git:ext::sh -c id",
    "git:--upload-pack=id",
    "https://example.com/x.git#--force",
    "https://example.com/x.git#a..b",
    "https://example.com/x.git//../../etc",
    "https://example.com/x.tar.gz",
    "https://",
    "unknown:Thing",
    "a b",
  ])("%j", (text) => {
    expect(refusal(text).code).toBe("USAGE");
  });

  it("never repeats a credential that stands in an address", () => {
    const error = refusal("https://user:s3cret@example.com/x.git");
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain("s3cret");
  });
});

const word = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const optional = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((some) => (some === undefined ? {} : { [key]: some }));
const source: fc.Arbitrary<InstallSource> = fc.oneof(
  fc
    .tuple(word, optional("version", fc.stringMatching(/^\d{1,3}(?:\.\d{1,3}){0,2}(?:-\d)?$/)))
    .map(([name, version]) => ({ type: "market" as const, name, ...version })),
  fc
    .tuple(
      fc.constantFrom("", "registry.example.com/", "localhost:5000/"),
      path,
      fc.option(word, { nil: "" }),
    )
    .map(([host, name, tag]) => ({
      type: "image" as const,
      reference: `${host}${name}${tag === "" ? "" : `:${tag}`}`,
    })),
  path.map((absolute) => ({ type: "path" as const, path: `/${absolute}` })),
  fc
    .tuple(
      fc.constantFrom("https://example.com/", "ssh://git@example.com/", "git@example.com:", "/srv/"),
      path,
      optional("directory", path),
      optional("ref", fc.stringMatching(/^[a-z0-9][a-z0-9/-]{0,10}$/)),
    )
    .map(([begin, name, directory, ref]) => ({
      type: "git" as const,
      url: `${begin}${name}.git`,
      ...directory,
      ...ref,
    })),
);

it("reads back every source that it writes", () => {
  fc.assert(
    fc.property(source, (given) => {
      expect(sourceOf(formatSource(given))).toEqual(given);
    }),
  );
});

it("answers any text with a source or a usage error, and never with a ref or a path that git takes for an option", () => {
  const text = fc.oneof(
    fc.string(),
    fc
      .tuple(fc.constantFrom("git:", "https://", "image:", "file:", "edge:"), fc.string())
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        const found = sourceOf(given);
        if (found.type === "git") {
          expect(found.url.startsWith("-")).toBe(false);
          expect(found.ref?.startsWith("-") ?? false).toBe(false);
          expect(found.directory?.split("/").includes("..") ?? false).toBe(false);
        }
        if (found.type === "path") expect(found.path.startsWith("/")).toBe(true);
      } catch (error) {
        expect(isPlugctlError(error) && error.code).toBe("USAGE");
      }
    }),
    { numRuns: 1000 },
  );
});
