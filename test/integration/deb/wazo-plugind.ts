import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { runBuilt } from "../../helpers/built-plugctl.ts";
import { makePluginRepository, type WazoPlugin } from "../../helpers/plugin-repository.ts";

const {
  WAZO_PLUGIND,
  WAZO_PLUGIND_AUTH = "",
  WAZO_PLUGIND_PASSWORD = "",
  WAZO_PLUGIND_AMQP = "",
  WAZO_PLUGIND_MARKET = "",
  FOLDER,
} = process.env;

/** Version of Wazo that `scripts/wazo-plugind.sh` says it is. */
const WAZO_VERSION = "24.10";

/**
 * The built plugctl on a wazo-plugind as it is, which installs as root and needs a place of its own: `scripts/wazo-plugind.sh`
 * makes one and runs the tests in it.
 */
export function describeWazoPlugind(): void {
  let env: NodeJS.ProcessEnv;
  let folder: string;
  /** A name that no earlier run has left on the host, or a failed one of this test. */
  const fresh = (name: string) => `${name}-${Date.now().toString(36)}`;
  const namespace = "plugctltest";

  const plugctl = (line: string, more: { stdin?: string } = {}) =>
    runBuilt(line.split(" "), { env, ...more });
  const json = async (line: string) => {
    const { exitCode, stdout, stderr } = await plugctl(`${line} -o json`);
    expect(exitCode, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  const failure = async (line: string) => {
    const { exitCode, stdout, stderr } = await plugctl(`${line} -o json`);
    expect(stdout).toBe("");
    return { exitCode, ...JSON.parse(stderr.trim().split("\n").at(-1) ?? "").error };
  };

  async function repositoryOf(plugin: WazoPlugin) {
    process.env.TMPDIR = FOLDER;
    const repository = await makePluginRepository({ namespace, branch: "master", ...plugin });
    // wazo-plugind fetches as a user of its own.
    await chmod(repository.folder, 0o755);
    return {
      ...repository,
      push: (next: WazoPlugin) => repository.push({ namespace, ...next }),
    };
  }

  async function offer(items: readonly unknown[]): Promise<void> {
    await writeFile(WAZO_PLUGIND_MARKET, JSON.stringify({ items }));
    onTestFinished(() => writeFile(WAZO_PLUGIND_MARKET, JSON.stringify({ items: [] })));
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-test-"));
    env = {
      PATH: process.env.PATH,
      HOME: folder,
      PLUGCTL_CONFIG_DIR: join(folder, "config"),
      PLUGCTL_YES: "1",
    };
    const amqp = new URL(WAZO_PLUGIND_AMQP);
    env.PLUGCTL_AMQP_PASSWORD = amqp.password;
    amqp.password = "";
    const url = new URL(WAZO_PLUGIND ?? "").origin;
    for (const [name, more] of [
      ["pbx", ` --amqp ${amqp.href} --use`],
      ["silent", ""],
    ]) {
      const line = `target add ${name} --kind deb --url ${url} --auth ${WAZO_PLUGIND_AUTH}${more}`;
      expect(await plugctl(line)).toMatchObject({ exitCode: 0 });
      const login = await plugctl(`login -t ${name} -u admin --password-stdin`, {
        stdin: WAZO_PLUGIND_PASSWORD,
      });
      expect(login, login.stderr).toMatchObject({ exitCode: 0 });
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("tells what it is, and refuses a wrong password and an unknown token", async () => {
    expect(await json("target test pbx")).toMatchObject({
      product: "wazo-plugind",
      login: "admin",
    });
    const wrong = await plugctl("login -t pbx -u admin --password-stdin", { stdin: "wrong" });
    expect(wrong).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("user or password is wrong"),
    });
    const unknown = await runBuilt(["list", "-t", "pbx"], { env: { ...env, PLUGCTL_TOKEN: "unknown" } });
    expect(unknown).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("has expired") });
  });

  it("installs, follows each step, lists, shows and removes a plugin of a repository", async () => {
    const name = fresh("git");
    const rules = {
      package: `mkdir -p "$pkgdir/usr/share/${name}" && echo 1 > "$pkgdir/usr/share/${name}/file"`,
    };
    const { url } = await repositoryOf({ name, version: "1.0", rules, description: { author: "Ann" } });
    const installed = await plugctl(`install git:${url} -o json`);
    expect(installed.exitCode, installed.stderr).toBe(0);
    expect(JSON.parse(installed.stdout)).toMatchObject({
      ...{ name: `${namespace}/${name}`, version: "1.0", previousVersion: null, changed: true },
    });
    const phases = installed.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).phase);
    expect(phases).toEqual([
      ...["starting", "downloading", "extracting", "validating", "installing dependencies", "building"],
      ...["packaging", "updating", "installing", "cleaning", "completed"],
    ]);
    expect(await json("list -t pbx")).toContainEqual(
      expect.objectContaining({ name: `${namespace}/${name}`, version: "1.0", state: "installed" }),
    );
    expect(await json(`info pbx:${namespace}/${name}`)).toMatchObject({ version: "1.0", author: "Ann" });
    const again = await json(`install git:${url}`);
    expect(again).toMatchObject({ changed: false });
    expect(await json(`install git:${url} --replace`)).toMatchObject({ changed: true });
    expect(await json(`remove ${namespace}/${name}`)).toMatchObject({ version: "1.0", state: "removed" });
    expect(await failure(`remove ${namespace}/${name}`)).toMatchObject({ exitCode: 3 });
    expect(await failure(`info ${namespace}/${name}`)).toMatchObject({ exitCode: 3 });
  });

  it("takes what the market offers, tells what is newer, and updates to it", async () => {
    const name = fresh("market");
    const repository = await repositoryOf({ name, version: "1.0" });
    repository.git("tag", "v1");
    repository.push({ name, version: "2.0" });
    repository.git("tag", "v2");
    const version = (number: string) => ({
      version: `${number}.0`,
      options: { url: repository.url, ref: `v${number}` },
    });
    const item = { namespace, name, display_name: "Offered", author: "Ann", tags: ["test"] };
    await offer([{ ...item, versions: [version("1")] }]);
    expect(await json(`search ${name} -t pbx`)).toMatchObject([
      { name: `${namespace}/${name}`, version: "1.0" },
    ]);
    expect(await json(`install pbx:${namespace}/${name}`)).toMatchObject({ version: "1.0", changed: true });
    expect(await json(`install pbx:${namespace}/${name}`)).toMatchObject({
      version: "1.0",
      changed: false,
    });
    await offer([
      {
        ...item,
        versions: [{ ...version("2"), min_wazo_version: WAZO_VERSION }, version("1")],
      },
    ]);
    expect(await json("outdated -t pbx")).toMatchObject([
      { name: `${namespace}/${name}`, version: "1.0", latest: "2.0" },
    ]);
    expect(await json(`update pbx:${namespace}/${name}`)).toMatchObject({
      ...{ version: "2.0", previousVersion: "1.0", changed: true },
    });
    expect(await failure(`install pbx:${namespace}/none`)).toMatchObject({ exitCode: 3 });
    expect(await failure(`install pbx:${namespace}/${name}@9.0`)).toMatchObject({ exitCode: 3 });
    expect(await json(`remove ${namespace}/${name}`)).toMatchObject({ state: "removed" });
  });

  it("tells how what fails has failed", async () => {
    const name = fresh("failing");
    const build = await repositoryOf({ name, rules: { build: "exit 3" } });
    expect(await failure(`install git:${build.url}`)).toMatchObject({
      ...{ exitCode: 1, code: "ERR_PLUGCTL_BACKEND", details: { step: "building" } },
      message: expect.stringContaining("while building"),
    });
    const script = await repositoryOf({ name, rules: { install: "exit 3" } });
    expect(await failure(`install git:${script.url}`)).toMatchObject({
      ...{ exitCode: 1, details: { step: "installing", errorId: "installing-error" } },
    });
    const description = await repositoryOf({ name, description: { min_wazo_version: "99.01" } });
    expect(await failure(`install git:${description.url}`)).toMatchObject({
      ...{ exitCode: 2, code: "ERR_PLUGCTL_INVALID" },
      message: expect.stringContaining(`min_wazo_version: Must be less than or equal to ${WAZO_VERSION}.`),
    });
    expect(await failure(`install git:file:///no/repository`)).toMatchObject({
      ...{ exitCode: 1, details: { step: "downloading" } },
    });
    // wazo-plugind leaves it half-configured.
    expect(await json(`remove ${namespace}/${name}`)).toMatchObject({ state: "removed" });
  });

  it("says beforehand what it cannot do there", async () => {
    const { url } = await repositoryOf({ name: "cannot" });
    for (const line of [
      `install git:${url} --dry-run`,
      `install git:${url}#${"0".repeat(40)}`,
      `rollback pbx:${namespace}/any`,
      `verify pbx:${namespace}/any`,
      `history pbx:${namespace}/any`,
      `deb cancel pbx:${namespace}/any`,
      "deb repo list -t pbx",
    ]) {
      expect(await failure(line), line).toMatchObject({ exitCode: 6, code: "ERR_PLUGCTL_UNSUPPORTED" });
    }
  });

  it("refuses to remove what others need, and takes those along with --dependents", async () => {
    const [needed, needing] = [fresh("needed"), fresh("needing")];
    const base = await repositoryOf({ name: needed, version: "1.0" });
    const depends = [{ namespace, name: needed }];
    const other = await repositoryOf({ name: needing, version: "1.0", description: { depends } });
    await offer([
      {
        namespace,
        name: needed,
        versions: [{ version: "1.0", options: { url: base.url, ref: "master" } }],
      },
    ]);
    expect(await json(`install git:${other.url}`)).toMatchObject({ name: `${namespace}/${needing}` });
    expect(await failure(`remove pbx:${namespace}/${needed}`)).toMatchObject({
      ...{ exitCode: 5, details: { dependents: [`${namespace}/${needing}`] } },
    });
    const gone = await json(`remove pbx:${namespace}/${needed} --dependents`);
    expect(gone.map((row: { name: string }) => row.name).sort()).toEqual([
      `${namespace}/${needed}`,
      `${namespace}/${needing}`,
    ]);
  });

  it("without its bus, sees by the list that an installation and a removal are done", async () => {
    const name = fresh("silent");
    const { url } = await repositoryOf({ name, version: "1.0" });
    const installed = await json(`install silent:git:${url}`);
    expect(installed).toMatchObject({
      ...{ name: `${namespace}/${name}`, version: "1.0", changed: true },
      warnings: [expect.stringContaining("the end of the task was not seen")],
    });
    expect(await json(`remove silent:${namespace}/${name}`)).toMatchObject({ state: "removed" });
  });
}
