import { describe, expect, it } from "vitest";
import { Config } from "../../../src/config/config.ts";
import { selectEachTarget, selectTarget, selectTargets } from "../../../src/config/selection.ts";
import { resolveSettings } from "../../../src/config/settings.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

async function choice(names: string[], options: { default?: string; flag?: string } = {}) {
  const folder = await makeTempDir();
  const empty = await Config.load({ folder, cwd: folder });
  await empty.editUser([
    ...names.map((name) => ({ path: ["targets", name], value: { kind: "store", url: `http://${name}` } })),
    ...(options.default === undefined ? [] : [{ path: ["target"], value: options.default }]),
  ]);
  const config = await Config.load({ folder, cwd: folder });
  const flags = options.flag === undefined ? {} : { target: options.flag };
  return { config, settings: resolveSettings({ flags, env: {}, files: config.files }) };
}

describe("the target of a command", () => {
  it("is the one named in the reference, then the one of the flag, then the default, then the only one", async () => {
    expect(selectTarget(await choice(["a", "b"], { flag: "b" }), "publication", "a").name).toBe("a");
    expect(selectTarget(await choice(["a", "b"], { default: "a", flag: "b" }), "publication").name).toBe("b");
    expect(selectTarget(await choice(["a", "b"], { default: "a" }), "publication").name).toBe("a");
    expect(selectTarget(await choice(["a"]), "publication").name).toBe("a");
  });

  it("must be named when several could be meant, and the error lists them", async () => {
    const several = await choice(["a", "b"]);
    expect(() => selectTarget(several, "publication")).toThrow(
      expect.objectContaining({ code: "USAGE", hint: expect.stringContaining("a, b") }),
    );
  });

  it("is one: two in the flag are refused", async () => {
    const two = await choice(["a", "b"], { flag: "a,b" });
    expect(() => selectTarget(two, "publication")).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("must exist", async () => {
    const none = await choice([]);
    expect(() => selectTarget(none, "publication")).toThrow(
      expect.objectContaining({ code: "NOT_FOUND", hint: expect.stringContaining("plugctl serve") }),
    );
    const other = await choice(["a"]);
    expect(() => selectTarget(other, "publication", "b")).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });
});

describe("the targets of a look at many", () => {
  it("are all that have what it takes, whatever the default is, unless some are named", async () => {
    expect(
      selectTargets(await choice(["a", "b"], { default: "a" }), "listing").map(({ name }) => name),
    ).toEqual(["a", "b"]);
    expect(selectTargets(await choice(["a", "b"], { flag: "b" }), "listing").map(({ name }) => name)).toEqual(
      ["b"],
    );
  });
});

describe("the targets of a command that does the same on each", () => {
  const each = async (given: Parameters<typeof choice>[1], named?: string) =>
    selectEachTarget(await choice(["a", "b", "c"], given), "publication", named).map(({ name }) => name);

  it("are those of the flag, each once, in their order", async () => {
    expect(await each({ flag: "c,a,c" })).toEqual(["c", "a"]);
    expect(await each({ flag: "b" })).toEqual(["b"]);
  });

  it("are one where the reference or the default names it", async () => {
    expect(await each({ flag: "c,a" }, "b")).toEqual(["b"]);
    expect(await each({ default: "c" })).toEqual(["c"]);
    await expect(each({})).rejects.toMatchObject({ code: "USAGE" });
    await expect(each({ flag: "a,nowhere" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
