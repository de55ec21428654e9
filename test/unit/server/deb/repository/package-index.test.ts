import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Paragraph, parseParagraphs } from "../../../../../src/core/deb/control.ts";
import {
  ARCHITECTURES,
  packageStanza,
  packagesTexts,
  poolPath,
  releaseText,
} from "../../../../../src/server/deb/repository/package-index.ts";
import { sourcesText } from "../../../../../src/server/deb/repository/sources-text.ts";

const SHA = "ab".repeat(32);
const ITEM = {
  package: "wazo-plugind-hello-acme",
  version: "1:2.0~rc1+b1",
  architecture: "all",
  sha256: SHA,
  sizeBytes: 1234,
  control: new Paragraph([
    ["Package", "wazo-plugind-hello-acme"],
    ["Version", "1:2.0~rc1+b1"],
    ["Description", "says hello\n and more\n ."],
  ]),
};

describe("a paragraph of Packages", () => {
  it("is the control file with where, how large and which digest", () => {
    expect(packageStanza(ITEM)).toBe(`Package: wazo-plugind-hello-acme
Version: 1:2.0~rc1+b1
Description: says hello
 and more
 .
Filename: pool/${SHA}/wazo-plugind-hello-acme_2.0~rc1+b1_all.deb
Size: 1234
SHA256: ${SHA}
`);
  });

  it("states these facts itself, whatever the package claims", () => {
    const claims = ["filename", "SIZE", "Sha256", "SHA512", "MD5sum", "SHA1", "Status", "Conffiles"];
    const control = ITEM.control.with(Object.fromEntries(claims.map((name) => [name, "claimed"])));
    expect(packageStanza({ ...ITEM, control })).not.toContain("claimed");
  });

  it("is one paragraph, whatever a value holds", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", " ", "\n", "\t", ":", ".", "\r") }), (value) => {
        let text: string;
        try {
          text = packageStanza({ ...ITEM, control: ITEM.control.with({ "X-Note": value }) });
        } catch {
          return;
        }
        const paragraphs = parseParagraphs(text);
        expect(paragraphs).toHaveLength(1);
        expect(paragraphs[0]?.get("Filename")).toBe(poolPath(ITEM));
      }),
    );
  });
});

describe("the indexes", () => {
  it("have what is the same on all architectures in each, and the rest in its own", () => {
    const texts = packagesTexts([
      { architecture: "all", stanza: "Package: a\n" },
      { architecture: "arm64", stanza: "Package: b\n" },
    ]);
    expect([...texts.keys()]).toEqual(["all", ...ARCHITECTURES]);
    expect(texts.get("all")).toBe("Package: a\n\n");
    expect(texts.get("amd64")).toBe("Package: a\n\n");
    expect(texts.get("arm64")).toBe("Package: a\n\nPackage: b\n\n");
  });
});

it("a Release file names suite, times and each index with size and digest", () => {
  const text = releaseText({
    channel: "beta",
    date: new Date("2026-03-01T09:05:07Z"),
    validUntil: new Date("2026-03-08T09:05:07Z"),
    files: [
      { path: "main/binary-all/Packages", sizeBytes: 7, sha256: SHA },
      { path: "main/binary-all/Packages.gz", sizeBytes: 1000, sha256: SHA },
    ],
  });
  const [release] = parseParagraphs(text);
  expect(release?.get("Suite")).toBe("beta");
  expect(release?.get("Date")).toBe("Sun, 01 Mar 2026 09:05:07 UTC");
  expect(release?.get("Valid-Until")).toBe("Sun, 08 Mar 2026 09:05:07 UTC");
  expect(release?.get("Acquire-By-Hash")).toBe("yes");
  expect(text.split("SHA256:\n")[1]).toBe(
    ` ${SHA}    7 main/binary-all/Packages\n ${SHA} 1000 main/binary-all/Packages.gz\n`,
  );
});

it("a file of sources holds the key, with its empty line as deb822 writes one", () => {
  const armored = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n=x\n-----END PGP PUBLIC KEY BLOCK-----\n";
  expect(sourcesText({ url: "https://a.example/apt", channel: "main", armored })).toBe(`Types: deb
URIs: https://a.example/apt
Suites: main
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 =x
 -----END PGP PUBLIC KEY BLOCK-----
`);
});
