import { describe, expect, it } from "vitest";
import {
  type PackageRecords,
  recordsAfter,
} from "../../../../../src/server/deb/installer/package-records.ts";

const build = (version: string) => ({ version, sha256: version.repeat(64).slice(0, 64) });
const at = new Date(0);
const install = (records: PackageRecords, version: string) =>
  recordsAfter(records, { installed: [{ package: "a", ...build(version) }], removed: [], at });
const remove = (records: PackageRecords) => recordsAfter(records, { installed: [], removed: ["a"], at });

describe("recordsAfter", () => {
  it("knows what was before an update, a removal and a roll-back", () => {
    const one = install({}, "1");
    expect(one.a).toMatchObject({ current: build("1"), previous: null });
    const two = install(one, "2");
    expect(two.a).toMatchObject({ current: build("2"), previous: build("1") });
    expect(install(two, "1").a).toMatchObject({ current: build("1"), previous: build("2") });
    expect(remove(two).a).toMatchObject({ current: null, previous: build("2") });
  });

  it("does not forget it when the same file is installed again, or what is gone is purged", () => {
    const two = install(install({}, "1"), "2");
    expect(install(two, "2").a).toMatchObject({ current: build("2"), previous: build("1") });
    expect(remove(remove(two)).a).toMatchObject({ current: null, previous: build("2") });
  });

  it("has nothing before what is installed after a removal", () => {
    expect(install(remove(install({}, "1")), "2").a).toMatchObject({ current: build("2"), previous: null });
  });

  it("knows nothing of what it did not install", () => {
    expect(remove({}).a).toMatchObject({ current: null, previous: null });
  });
});
