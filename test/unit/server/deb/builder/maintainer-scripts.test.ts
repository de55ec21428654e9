import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readDescription } from "../../../../../src/core/deb/read-description.ts";
import { maintainerScripts } from "../../../../../src/server/deb/builder/maintainer-scripts.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";
import { writeFiles } from "../../../../helpers/wazo-plugin.ts";

const INSTALLED = "usr/lib/wazo-plugind/plugins/acme/hello/wazo/rules";
const KEPT = "var/lib/wazo-plugind/rules/rules.hello.acme";

/** A root in which the plugin is installed; its rules write down what they are called with. */
async function installed({ format = 0, cases = "install|uninstall|postrm) ;;" } = {}) {
  const root = await makeTempDir();
  const rules = `#!/bin/sh\necho "$1" >> ${root}/calls\ncase "$1" in ${cases} *) exit 3 ;; esac\n`;
  await writeFiles(root, { [INSTALLED]: rules });
  const text = `namespace: acme\nname: hello\nversion: 1\nplugin_format_version: ${format}\n`;
  const scripts = maintainerScripts(readDescription(text, { wazoVersion: undefined }));
  return {
    root,
    call(script: string, ...words: string[]) {
      const env = { PATH: process.env.PATH, DPKG_ROOT: root };
      const done = spawnSync("sh", ["-s", "--", ...words], { input: scripts[script], env, encoding: "utf8" });
      return { status: done.status, stderr: done.stderr };
    },
    calls: () =>
      existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8").trim().split("\n") : [],
    removeFiles: () => rmSync(join(root, "usr"), { recursive: true }),
  };
}

describe("maintainerScripts", () => {
  it("install when dpkg configures, and at nothing else", async () => {
    const { call, calls } = await installed();
    for (const word of ["abort-upgrade", "abort-remove", "abort-deconfigure"]) {
      expect(call("postinst", word)).toEqual({ status: 0, stderr: "" });
    }
    expect(calls()).toEqual([]);
    expect(call("postinst", "configure", "1.0").status).toBe(0);
    expect(calls()).toEqual(["install"]);
  });

  it("fail when the rules fail", async () => {
    const { call } = await installed({ cases: "" });
    expect(call("postinst", "configure").status).toBe(3);
    expect(call("prerm", "remove").status).toBe(3);
  });

  it.each(["postinst", "prerm", "postrm"])("%s says which word it does not know", async (script) => {
    const { call } = await installed();
    expect(call(script, "dance")).toEqual({
      status: 1,
      stderr: `${script} called with unknown argument 'dance'\n`,
    });
  });

  it("uninstall at a removal, not at an upgrade", async () => {
    const { call, calls } = await installed();
    for (const word of ["upgrade", "deconfigure", "failed-upgrade"])
      expect(call("prerm", word).status).toBe(0);
    expect(calls()).toEqual([]);
    expect(call("prerm", "remove").status).toBe(0);
    expect(calls()).toEqual(["uninstall"]);
  });

  it("call postrm from a copy when the files are gone, once, and tidy up", async () => {
    const { call, calls, removeFiles, root } = await installed({ format: 1 });
    call("prerm", "remove");
    expect(existsSync(join(root, KEPT))).toBe(true);
    removeFiles();
    expect(call("postrm", "remove")).toEqual({ status: 0, stderr: "" });
    expect(call("postrm", "purge")).toEqual({ status: 0, stderr: "" });
    expect(calls()).toEqual(["uninstall", "postrm"]);
    expect(existsSync(join(root, "var/lib/wazo-plugind"))).toBe(false);
  });

  it("do not call postrm of format 0", async () => {
    const { call, calls, removeFiles } = await installed();
    call("prerm", "remove");
    removeFiles();
    expect(call("postrm", "remove").status).toBe(0);
    expect(calls()).toEqual(["uninstall"]);
  });

  it("do not call postrm of rules that have none, though their format says so", async () => {
    const { call, calls, removeFiles } = await installed({ format: 2, cases: "install|uninstall) ;;" });
    call("prerm", "remove");
    removeFiles();
    expect(call("postrm", "remove").status).toBe(0);
    expect(calls()).toEqual(["uninstall"]);
  });

  it("keep the copy for another try when postrm fails", async () => {
    const { call, removeFiles, root } = await installed({
      format: 1,
      cases: "uninstall) ;; postrm) exit 9 ;;",
    });
    call("prerm", "remove");
    removeFiles();
    expect(call("postrm", "remove").status).toBe(9);
    expect(existsSync(join(root, KEPT))).toBe(true);
  });
});
