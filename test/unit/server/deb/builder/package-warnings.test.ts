import { describe, expect, it } from "vitest";
import { packageWarnings } from "../../../../../src/server/deb/builder/package-warnings.ts";

const file = (path: string) => ({ path, kind: "file" as const, size: 1 });
const folder = (path: string) => ({ path, kind: "folder" as const, size: 0 });

describe("packageWarnings", () => {
  it("has nothing to say of files in the places for packages", () => {
    const entries = [
      "etc/a",
      "usr/lib/python3/dist-packages/a.py",
      "usr/localfoo",
      "usr/share/opt/a",
      "var/wwwa",
    ];
    expect(packageWarnings([folder("opt"), folder("usr"), ...entries.map(file)])).toEqual([]);
  });

  it("names each place of the administrator's once, and counts compiled files", () => {
    const modules = "usr/local/lib/python3.11/dist-packages/hello";
    expect(
      packageWarnings([
        folder(`${modules}/__pycache__`),
        file(`${modules}/__pycache__/a.cpython-311.pyc`),
        file(`${modules}/__pycache__/b.cpython-311.pyc`),
        file(`${modules}/a.py`),
        { path: "opt/hello", kind: "link", size: 0 },
      ]),
    ).toEqual([
      "it puts files below /usr/local, which Debian leaves to the administrator",
      "it puts files below /opt, which Debian leaves to the administrator",
      "it ships 2 compiled files of one version of Python (__pycache__)",
    ]);
  });
});
