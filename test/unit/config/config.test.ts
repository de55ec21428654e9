import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Config } from "../../../src/config/config.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

async function load(files: Record<string, string>, cwd = ".") {
  const root = await makeTempDir();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(root, name, ".."), { recursive: true });
    await writeFile(join(root, name), content);
  }
  await mkdir(join(root, cwd), { recursive: true });
  const folder = join(root, "user");
  return { root, folder, config: await Config.load({ folder, cwd: join(root, cwd) }) };
}

const store = (url: string) => `{kind: store, url: ${url}}`;

describe("configuration", () => {
  it("takes each target from the project before the user", async () => {
    const { config } = await load(
      {
        "user/config.yaml": `targets: {a: ${store("http://user-a")}, b: ${store("http://user-b")}}`,
        "repo/.git/HEAD": "",
        "repo/.plugctlrc.yaml": `targets: {a: ${store("http://project-a")}}`,
      },
      "repo/sub/folder",
    );
    expect(config.targets()).toEqual([
      { name: "a", kind: "store", url: "http://project-a", origin: "project" },
      { name: "b", kind: "store", url: "http://user-b", origin: "user" },
    ]);
  });

  it("does not look past the root of the repository", async () => {
    const { config } = await load(
      { ".plugctlrc.yaml": `targets: {a: ${store("http://stranger")}}`, "repo/.git/HEAD": "" },
      "repo/sub",
    );
    expect(config.targets()).toEqual([]);
  });

  it("looks only into the folder itself outside of a repository", async () => {
    const files = { ".plugctlrc.yaml": `targets: {a: ${store("http://parent")}}` };
    expect((await load(files, "sub")).config.targets()).toEqual([]);
    expect((await load(files)).config.targets()).toHaveLength(1);
  });

  it.each(["js", "cjs", "mjs", "ts"])(
    "runs no .config/config.%s of the folder that it is called in",
    async (extension) => {
      const root = await makeTempDir();
      const trap =
        extension === "mjs" ? 'import "node:fs"; globalThis.trapped = true' : "globalThis.trapped = true";
      await mkdir(join(root, ".config"));
      await writeFile(join(root, ".config", `config.${extension}`), trap);
      await writeFile(join(root, "package.json"), "{}");
      const before = process.cwd();
      process.chdir(root);
      onTestFinished(() => process.chdir(before));
      await Config.load({ folder: join(root, "user"), cwd: root });
      expect(globalThis).not.toHaveProperty("trapped");
    },
  );

  it("names a package.json that is no JSON, as a fault of its writer's", async () => {
    await expect(load({ "package.json": '{"name": ' })).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringMatching(/package\.json is not JSON: /),
    });
  });

  it("finds the key plugctl of a package.json, and passes one without it by", async () => {
    const { config } = await load(
      {
        "repo/.git/HEAD": "",
        "repo/package.json": JSON.stringify({ plugctl: { target: "work" } }),
        "repo/sub/package.json": JSON.stringify({ plugctl: { displayName: "Maps" } }),
      },
      "repo/sub",
    );
    expect(config.files[0]?.data).toEqual({ target: "work" });
  });

  it("never runs a file that a configuration file imports", async () => {
    const { root } = await load({});
    await writeFile(
      join(root, "evil.mjs"),
      `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(join(root, "ran"))}, "");`,
    );
    await writeFile(join(root, ".plugctlrc.yaml"), "$import: ./evil.mjs\n");
    await expect(Config.load({ folder: join(root, "user"), cwd: root })).rejects.toMatchObject({
      code: "CONFIG",
    });
    await expect(stat(join(root, "ran"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("names the targets that exist when one is asked for that does not", async () => {
    const { config } = await load({ "user/config.yaml": `targets: {a: ${store("http://x")}}` });
    expect(() => config.target("b")).toThrow(
      expect.objectContaining({ code: "NOT_FOUND", hint: "targets: a" }),
    );
  });
});

describe("an edit of the user's file", () => {
  it("keeps comments, order and what it does not change", async () => {
    const { folder, config } = await load({
      "user/config.yaml": "# mine\noutput: json # always\ntargets:\n  a: {kind: store, url: http://x}\n",
    });
    await config.editUser([{ path: ["targets", "b"], value: { kind: "store", url: "http://y" } }]);
    const text = await readFile(join(folder, "config.yaml"), "utf8");
    expect(text).toContain("# mine\noutput: json # always\n");
    expect((await Config.load({ folder, cwd: folder })).targets().map(({ name }) => name)).toEqual([
      "a",
      "b",
    ]);
  });

  it("makes the file with mode 0600 in a folder with mode 0700", async () => {
    const { folder, config } = await load({});
    await config.editUser([{ path: ["output"], value: "json" }]);
    expect((await stat(join(folder, "config.yaml"))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it("is refused, and leaves the file as it was, when the result would not be valid", async () => {
    const { folder, config } = await load({ "user/config.yaml": "output: json\n" });
    await expect(config.editUser([{ path: ["output"], value: "xml" }])).rejects.toMatchObject({
      code: "CONFIG",
    });
    expect(await readFile(join(folder, "config.yaml"), "utf8")).toBe("output: json\n");
  });

  it("loses none of many made at once", async () => {
    const { folder, config } = await load({});
    const names = Array.from({ length: 12 }, (_, index) => `t${index}`);
    await Promise.all(
      names.map((name) =>
        config.editUser([{ path: ["targets", name], value: { kind: "store", url: "http://x" } }]),
      ),
    );
    const after = await Config.load({ folder, cwd: folder });
    expect(
      after
        .targets()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
  });
});
