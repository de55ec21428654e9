import { describe, expect, it } from "vitest";
import { Paragraph } from "../../../../../src/core/deb/control.ts";
import { formatAlternatives } from "../../../../../src/core/deb/relations.ts";
import type { PackageChange } from "../../../../../src/server/deb/installer/installer.ts";
import type { InstalledPackage } from "../../../../../src/server/deb/installer/package-database.ts";
import { type Candidate, planLocally } from "../../../../../src/server/deb/installer/planning.ts";

const CHANGE: PackageChange = { install: [], remove: [], allowDowngrade: false, removeDependents: false };

type Fields = Record<string, string>;
const plugin = (name: string) => `wazo-plugind-${name}-test`;

function paragraph(name: string, version: string, more: Fields): Paragraph {
  const section = name.startsWith("wazo-plugind-") ? { Section: "wazo-plugind-plugin" } : {};
  return new Paragraph(
    Object.entries({ Package: name, Version: version, Architecture: "all", ...section, ...more }),
  );
}

const installed = (
  name: string,
  version = "1.0",
  more: Fields = {},
  status = "installed",
): InstalledPackage => ({
  name,
  version,
  architecture: more.Architecture ?? "all",
  status,
  fields: paragraph(name, version, more),
});

const candidate = (name: string, version = "1.0", more: Fields = {}): Candidate => ({
  file: `/${name}.deb`,
  sha256: "0".repeat(64),
  name,
  version,
  architecture: more.Architecture ?? "all",
  fields: paragraph(name, version, more),
  sizeBytes: 1,
});

function plan(
  change: Partial<PackageChange>,
  candidates: Candidate[],
  { own = [], others = [] }: { own?: InstalledPackage[]; others?: InstalledPackage[] } = {},
) {
  const found = planLocally({ ...CHANGE, ...change }, candidates, { own, others, architecture: "amd64" });
  return {
    install: found.install.map(({ candidate: one, from }) => `${one.name} ${from?.version ?? "new"}`),
    remove: found.remove.map(({ installed: one, purge }) => `${one.name}${purge ? " purge" : ""}`),
    missing: found.missing.map(formatAlternatives),
  };
}
const removal = (name: string, purge = false) => ({ remove: [{ package: plugin(name), purge }] });

describe("planLocally", () => {
  it("puts what others need before them, and what is missing apart", () => {
    const top = candidate(plugin("top"), "1.0", {
      Depends: `${plugin("middle")}, python3 (>= 3), nothing | none`,
    });
    const middle = candidate(plugin("middle"), "1.0", { "Pre-Depends": plugin("base") });
    const base = candidate(plugin("base"), "2.0");
    expect(
      plan({}, [top, middle, base], {
        own: [installed(plugin("base"))],
        others: [installed("python3", "3.11", { Architecture: "amd64" })],
      }),
    ).toEqual({
      install: [`${plugin("base")} 1.0`, `${plugin("middle")} new`, `${plugin("top")} new`],
      remove: [],
      missing: ["nothing | none"],
    });
  });

  it("comes to an end when plugins need each other", () => {
    const one = candidate(plugin("one"), "1.0", { Depends: plugin("two") });
    const two = candidate(plugin("two"), "1.0", { Depends: plugin("one") });
    expect(plan({}, [one, two]).install).toHaveLength(2);
  });

  it("does not count a package that is only half there", () => {
    const broken = installed("library", "1.0", {}, "half-configured");
    expect(
      plan({}, [candidate(plugin("a"), "1.0", { Depends: "library" })], { others: [broken] }).missing,
    ).toEqual(["library"]);
  });

  it("refuses an older version unless that is meant", () => {
    const own = [installed(plugin("a"), "1.10")];
    expect(() => plan({}, [candidate(plugin("a"), "1.9")], { own })).toThrow(
      expect.objectContaining({
        code: "CONFLICT",
        details: expect.objectContaining({ installed: "1.10", version: "1.9" }),
      }),
    );
    expect(plan({ allowDowngrade: true }, [candidate(plugin("a"), "1.9")], { own }).install).toEqual([
      `${plugin("a")} 1.10`,
    ]);
    const removed = [installed(plugin("a"), "1.10", {}, "config-files")];
    expect(plan({}, [candidate(plugin("a"), "1.9")], { own: removed }).install).toHaveLength(1);
  });

  it("refuses a package for another architecture", () => {
    const foreign = candidate(plugin("a"), "1.0", { Architecture: "arm64" });
    expect(() => plan({}, [foreign])).toThrow(expect.objectContaining({ code: "INVALID" }));
  });

  describe("removing what others need", () => {
    const own = [
      installed(plugin("base")),
      installed(plugin("middle"), "1.0", { Depends: plugin("base") }),
      installed(plugin("top"), "1.0", { Depends: `${plugin("middle")} (= 1.0)` }),
      installed(plugin("free"), "1.0", { Depends: `${plugin("base")} | dpkg` }),
    ];
    const others = [installed("dpkg")];

    it("is refused, and says what needs it", () => {
      expect(() => plan(removal("base"), [], { own, others })).toThrow(
        expect.objectContaining({
          code: "CONFLICT",
          details: { reason: "dependents", dependents: [plugin("middle")] },
        }),
      );
    });

    it("takes those out first when it may", () => {
      expect(plan({ ...removal("base", true), removeDependents: true }, [], { own, others }).remove).toEqual([
        `${plugin("top")} purge`,
        `${plugin("middle")} purge`,
        `${plugin("base")} purge`,
      ]);
    });

    it("never takes out anything that is no plugin", () => {
      const program = installed("program", "1.0", { Depends: plugin("base") });
      expect(() =>
        plan({ ...removal("base"), removeDependents: true }, [], { own: [...own, program], others }),
      ).toThrow(expect.objectContaining({ code: "CONFLICT" }));
    });
  });

  it("refuses an update that leaves a dependent without its version", () => {
    const own = [
      installed(plugin("base")),
      installed(plugin("top"), "1.0", { Depends: `${plugin("base")} (<< 2)` }),
    ];
    expect(() => plan({ removeDependents: true }, [candidate(plugin("base"), "2.0")], { own })).toThrow(
      expect.objectContaining({ code: "CONFLICT", message: expect.stringContaining(plugin("top")) }),
    );
    expect(plan({}, [candidate(plugin("base"), "1.5")], { own }).install).toHaveLength(1);
  });

  it("has no quarrel with what was broken before", () => {
    const own = [installed(plugin("a")), installed(plugin("broken"), "1.0", { Depends: "gone" })];
    expect(plan(removal("a"), [], { own }).remove).toEqual([plugin("a")]);
  });

  it.each([
    ["the new one", { Conflicts: "rival (<< 2)" }, {}],
    ["the new one", { Breaks: "rival" }, {}],
    ["the installed one", {}, { Conflicts: plugin("a") }],
  ])("refuses packages that conflict when %s says so", (_, mine, theirs) => {
    expect(() =>
      plan({}, [candidate(plugin("a"), "1.0", mine)], { others: [installed("rival", "1.0", theirs)] }),
    ).toThrow(expect.objectContaining({ code: "CONFLICT", message: expect.stringContaining("rival") }));
  });

  it("lets a package replace what it provides itself", () => {
    const one = candidate(plugin("a"), "1.0", { Conflicts: "role", Provides: "role" });
    expect(plan({}, [one]).install).toHaveLength(1);
  });

  it("removes only plugins that are there", () => {
    expect(() => plan(removal("a"), [])).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    expect(() =>
      plan({ remove: [{ package: "dpkg", purge: true }] }, [], { own: [installed("dpkg")] }),
    ).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    const own = [installed(plugin("a"), "1.0", {}, "config-files")];
    expect(() => plan(removal("a"), [], { own })).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    expect(plan(removal("a", true), [], { own }).remove).toEqual([`${plugin("a")} purge`]);
  });
});
