import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it, vi } from "vitest";
import { BUILD_ISOLATIONS } from "../../../src/server/deb/builder/builder.ts";
import { describeWith, findProgram } from "../../helpers/debian-programs.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";
import {
  contentsOf,
  makeWorkshop,
  pluginFiles,
  pluginRepository,
  processesWith,
} from "../../helpers/wazo-plugin.ts";

/** What plugins do: build something, put it and their configuration into the package. */
const TYPICAL = {
  ...pluginFiles({
    build: "echo made > out.txt",
    package: `
      mkdir -p "$pkgdir/usr/local/lib/python3.11/dist-packages/hello" "$pkgdir/var/www/html/hello"
      cp -R etc "$pkgdir/"
      cp out.txt "$pkgdir/usr/local/lib/python3.11/dist-packages/hello/"
      cp out.txt "$pkgdir/var/www/html/hello/"
      chown -R www-data:www-data "$pkgdir/var/www"
      ln -s out.txt "$pkgdir/var/www/html/hello/link"`,
  }),
  "etc/hello/hello.yml": "enabled: true\n",
};

/** Keeps to the places that Debian has for packages. */
const TIDY = {
  ...pluginFiles({
    package: 'mkdir -p "$pkgdir/usr/share/hello"; cp -R etc "$pkgdir/"; cp a "$pkgdir/usr/share/hello/"',
  }),
  "etc/hello/hello.yml": "enabled: true\n",
  a: "a\n",
};

describeWith(["bubblewrap", "fakeroot"], "building a plugin", () => {
  it("makes a package that belongs to root, with the plugin's description and rules", async () => {
    const { build, steps } = await makeWorkshop();
    const built = await build(TYPICAL);
    expect(steps).toEqual(["downloading", "extracting", "building", "packaging"]);
    expect(built).toMatchObject({
      package: "wazo-plugind-hello-acme",
      version: "1.10",
      architecture: "all",
    });
    expect(built.contents.control.get("Section")).toBe("wazo-plugind-plugin");
    const packed = [...contentsOf(built.file).keys()].map((path) => path.replace(/^\.\/|\/$/g, ""));
    expect(built.contents.paths.toSorted()).toEqual(packed.filter((path) => path !== "").toSorted());
    const contents = contentsOf(built.file);
    expect(new Set([...contents.values()].map(({ owner }) => owner))).toEqual(new Set(["root/root"]));
    const wazo = "./usr/lib/wazo-plugind/plugins/acme/hello/wazo";
    expect(contents.get(`${wazo}/rules`)?.mode).toBe("-rwxr-xr-x");
    expect(contents.get(`${wazo}/plugin.yml`)?.mode).toBe("-rw-r--r--");
    expect(contents.get("./etc/hello/hello.yml")?.mode).toBe("-rw-r--r--");
    expect(contents.get("./var/www/html/hello/link")?.target).toBe("out.txt");
    expect(contents.has("./usr/share/doc/wazo-plugind-hello-acme/copyright")).toBe(true);
    const conffiles = execFileSync("dpkg-deb", ["--info", built.file], { encoding: "utf8" });
    expect(conffiles).not.toContain("conffiles");
  });

  it.each(BUILD_ISOLATIONS)("runs the rules as nobody in particular (%s)", async (isolation) => {
    const { build, log } = await makeWorkshop();
    const say =
      'echo "$1 words=$# uid=$(id -u) umask=$(umask) pkgdir=$(printenv pkgdir || echo none) in=$(pwd) rules=$0"; cat';
    await build(pluginFiles({ build: say, package: say }), { isolation });
    const inner = isolation === "host" ? "/tmp/plugctl-build-[^/]+/plugin" : "/build";
    expect(log()).toMatch(
      new RegExp(
        `build words=1 uid=[1-9]\\d+ umask=0022 pkgdir=none in=${inner} rules=${inner}/wazo/rules\n`,
      ),
    );
    expect(log()).toMatch(
      new RegExp(
        `package words=1 uid=0 umask=0022 pkgdir=${inner}/_pkg in=${inner} rules=${inner}/wazo/rules\n`,
      ),
    );
  });

  it("makes the same bytes of the same tree, whenever and wherever it is built", async () => {
    const { url } = await pluginRepository(TYPICAL);
    const digests = new Set<string>();
    for (const isolation of ["isolated", "isolated", "network", "host"] as const) {
      const { buildFrom } = await makeWorkshop();
      digests.add((await buildFrom(url, { isolation })).sha256);
      // Times of files count in whole seconds.
      await delay(1100);
    }
    expect(digests.size).toBe(1);
  });

  it("executes the file itself, whatever its language", async () => {
    const { build, log } = await makeWorkshop();
    await build({
      ...pluginFiles(),
      "wazo/rules": '#!/usr/bin/perl\nprint "perl does $ARGV[0]\\n";\n',
    });
    expect(log()).toContain("perl does build\nperl does package\n");
  });

  it("takes output that is not UTF-8", async () => {
    const { build, log } = await makeWorkshop();
    await build(pluginFiles({ build: "printf 'a\\377b\\n'" }));
    expect(log()).toContain("a\uFFFDb\n");
  });

  it.each([
    ["build", "building"],
    ["package", "packaging"],
  ])("says how %s failed, and the end of what it said", async (word, step) => {
    const { build, left } = await makeWorkshop();
    await expect(build(pluginFiles({ [word]: "echo before; echo why >&2; exit 7" }))).rejects.toMatchObject({
      code: "INVALID",
      message: `wazo/rules ${word} failed with exit code 7`,
      details: { step, exitCode: 7, log: expect.stringContaining("why\n") },
    });
    expect(await left()).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["no rules", { "wazo/rules": "" }, /does not say what executes it/],
    ["rules without a first line", { "wazo/rules": "echo x\n" }, /does not say what executes it/],
    ["a folder _pkg", { "_pkg/x": "" }, /has a folder _pkg/],
    ["a folder for DEBIAN", pluginFiles({ package: 'mkdir "$pkgdir/DEBIAN"' }), /"DEBIAN", which is not for/],
    [
      "its own description in the package",
      pluginFiles({ package: 'mkdir -p "$pkgdir/usr/lib/wazo-plugind/plugins/acme/hello"' }),
      /which is not for the plugin to make/,
    ],
  ])("refuses %s", async (_, files, message) => {
    const { build, left } = await makeWorkshop();
    await expect(build({ ...pluginFiles(), ...files })).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(message),
      details: { step: expect.stringMatching(/building|packaging/) },
    });
    expect(await left()).toEqual([]);
  });

  it("refuses a version that Debian does not know before it runs anything", async () => {
    const { build, steps, log } = await makeWorkshop();
    const files = pluginFiles({ build: "echo ran" }, "namespace: acme\nname: hello\nversion: v1_0\n");
    await expect(build(files)).rejects.toMatchObject({ code: "INVALID", details: { step: "packaging" } });
    expect(steps.at(-1)).toBe("packaging");
    expect(log()).not.toContain("ran");
  });

  it("ends at once when it is cancelled", async () => {
    const { build, left } = await makeWorkshop();
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 1500);
    await expect(build(pluginFiles({ build: "sleep 600" }), { signal: abort.signal })).rejects.toMatchObject({
      code: "CANCELLED",
    });
    expect(await left()).toEqual([]);
  });
});

describeWith(["bubblewrap", "fakeroot"], "building a plugin in a process of its own", () => {
  const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
  const program = fileURLToPath(new URL("../../helpers/build-plugin.ts", import.meta.url));

  it("makes the same package without being root", async () => {
    const { url, folder } = await pluginRepository(TYPICAL);
    const { sha256 } = await (await makeWorkshop()).buildFrom(url);
    const home = await makeTempDir();
    // Some number that is nobody's.
    const user = 2_000_000_001;
    execFileSync("chown", ["-R", `${user}:${user}`, folder, home]);
    // The clone may be where only root can go.
    const seen = (path: string) => path.replace(ROOT, "/mnt/");
    const script = 'mount --bind "$0" /mnt && cd / && exec setpriv "$@"';
    const words = [`--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--"];
    const command = [seen(process.execPath), seen(program), url, home];
    const env = { PATH: process.env.PATH, HOME: home };
    const done = spawnSync("unshare", ["--mount", "sh", "-c", script, ROOT, ...words, ...command], {
      env,
      encoding: "utf8",
    });
    expect(done.stdout, done.stderr).toBe(sha256);
  });

  it.each([
    ["bwrap", "bubblewrap", "bwrap"],
    ["fakeroot", "fakeroot", "fake*"],
  ])("says what to install where there is no %s", async (_, debianPackage, programs) => {
    const { url } = await pluginRepository(pluginFiles());
    // A view of the system in which that program is missing; what is below /usr is seen in the sandbox as well.
    const script = `mount --bind /usr/bin /usr/src && cp -as /usr/src/. "$0" && rm "$0"/${programs} && mount --bind "$0" /usr/bin && exec "$@"`;
    const command = [process.execPath, program, url, await makeTempDir()];
    const words = ["--mount", "sh", "-c", script, await makeTempDir(), ...command];
    const { stderr, status } = spawnSync("unshare", words, { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain(`plugins cannot be built: ${debianPackage} is not installed`);
    expect(stderr).toContain(`apt-get install ${debianPackage}`);
  });

  it("leaves nothing running when it is killed", async () => {
    const sleep = `sleep ${900_000 + Math.floor(Math.random() * 1e5)}.${process.pid}`;
    const { url } = await pluginRepository(pluginFiles({ build: `setsid ${sleep} & echo under way; wait` }));
    const child = spawn(process.execPath, [program, url, await makeTempDir()], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await vi.waitFor(() => expect(said).toContain("under way"), 20_000);
    await vi.waitFor(() => expect(processesWith(sleep)).toHaveLength(1));
    child.kill("SIGKILL");
    await once(child, "close");
    await vi.waitFor(() => expect(processesWith(sleep)).toEqual([]), 5000);
  });
});

/** A folder with an empty database of packages, and dpkg for it. */
async function emptyRoot() {
  const root = await makeTempDir();
  for (const folder of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await writeFile(join(root, "var/lib/dpkg/status"), "");
  const flags = [`--root=${root}`, "--force-script-chrootless", `--log=${root}/log`, "--force-depends"];
  const dpkg = (...words: string[]) =>
    execFileSync(findProgram("dpkg") ?? "dpkg", [...flags, ...words], { encoding: "utf8", stdio: "pipe" });
  return { root, dpkg };
}

/** Names of the errors that lintian finds, and of overrides that are of no use. */
function lintian(file: string): string[] {
  const words = ["--allow-root", "--display-info", file];
  const { stdout } = spawnSync("lintian", words, { encoding: "utf8" });
  return [...stdout.matchAll(/^(?:E: \S+: (\S+)|\S: \S+: (mismatched-override|unused-override))/gm)].map(
    ([, error, override]) => error ?? override ?? "",
  );
}

describeWith(["bubblewrap", "fakeroot", "lintian"], "a package of a plugin", () => {
  it.each(["version: 1.10", "version: 0.0.2-2", "version: 1.0\nconffiles: true"])(
    "has no error that lintian knows, and no needless override (%j)",
    async (more) => {
      const { build } = await makeWorkshop();
      const description = `namespace: acme\nname: hello\n${more}\nplugin_format_version: 1\n`;
      const { file, warnings } = await build({ ...TIDY, "wazo/plugin.yml": description });
      expect(warnings).toEqual([]);
      expect(lintian(file)).toEqual([]);
    },
  );

  it("hides no fault of the plugin's own: lintian sees it, and so does whoever installs it", async () => {
    const { build } = await makeWorkshop();
    const { file, warnings } = await build(TYPICAL);
    expect(new Set(lintian(file))).toEqual(
      new Set(["dir-in-usr-local", "file-in-usr-local", "dir-or-file-in-var-www"]),
    );
    expect(warnings).toEqual([expect.stringContaining("/usr/local"), expect.stringContaining("/var/www")]);
  });

  it("leaves files below /etc to the administrator when its description says so, also when it is updated", async () => {
    const { build } = await makeWorkshop();
    const { root, dpkg } = await emptyRoot();
    const version = (number: string, content: string, more: string) =>
      build({
        ...TIDY,
        "etc/hello/hello.yml": content,
        "wazo/plugin.yml": `namespace: acme\nname: hello\nversion: ${number}\n${more}`,
      });
    const file = join(root, "etc/hello/hello.yml");
    dpkg("--install", (await version("1.0", "from: 1.0\n", "conffiles: true\n")).file);
    await writeFile(file, "from: the administrator\n");
    dpkg(
      "--force-confdef",
      "--force-confold",
      "--install",
      (await version("1.1", "from: 1.1\n", "conffiles: true\n")).file,
    );
    expect(readFileSync(file, "utf8")).toBe("from: the administrator\n");
    dpkg("--remove", "wazo-plugind-hello-acme");
    expect(existsSync(file)).toBe(true);
    dpkg("--purge", "wazo-plugind-hello-acme");
    expect(existsSync(file)).toBe(false);

    dpkg("--install", (await version("1.0", "from: 1.0\n", "")).file);
    await writeFile(file, "from: the administrator\n");
    dpkg("--install", (await version("1.1", "from: 1.1\n", "")).file);
    expect(readFileSync(file, "utf8")).toBe("from: 1.1\n");
  });

  it("is what dpkg installs, removes and purges", async () => {
    const { build } = await makeWorkshop();
    const { root, dpkg } = await emptyRoot();
    const mark = (word: string) => `echo ${word} >> "$DPKG_ROOT/calls"`;
    const { file } = await build({
      ...TYPICAL,
      ...pluginFiles(
        {
          package: 'mkdir -p "$pkgdir/etc"; cp -R etc "$pkgdir/"',
          install: mark("install"),
          uninstall: mark("uninstall"),
          postrm: mark("postrm"),
        },
        "namespace: acme\nname: hello\nversion: 1.10\nplugin_format_version: 1\n",
      ),
    });
    dpkg("--install", file);
    expect(readFileSync(join(root, "etc/hello/hello.yml"), "utf8")).toBe("enabled: true\n");
    expect(dpkg("--verify", "wazo-plugind-hello-acme")).toBe("");
    dpkg("--remove", "wazo-plugind-hello-acme");
    expect(existsSync(join(root, "etc/hello"))).toBe(false);
    dpkg("--purge", "wazo-plugind-hello-acme");
    expect(readFileSync(join(root, "calls"), "utf8")).toBe("install\nuninstall\npostrm\n");
  });
});
