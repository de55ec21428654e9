import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { listenUnix } from "../../../src/server/start/listen.ts";
import { makeCleanDebian } from "../../helpers/clean-debian.ts";
import { makePackage } from "../../helpers/deb-package.ts";
import { serveRepository } from "../../helpers/deb-repository.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const PLUGIN = "wazo-plugind-hello-acme";
const PORT = 7400;

describeWith(["debootstrap", "bubblewrap"], "a clean Debian that follows our repository", () => {
  it("installs and removes a plugin by plain apt, maintainer scripts included", async () => {
    const system = await makeCleanDebian();
    const { app, repository } = await serveRepository();
    const socket = join(await makeTempDir(), "s.sock");
    const listener = await listenUnix(app, socket);
    onTestFinished(() => void listener.close());
    const file = await makePackage(await makeTempDir(), {
      name: PLUGIN,
      fields: { Depends: "base-files (>= 11), debconf | debconf-2.0" },
      files: { "usr/lib/wazo-plugind/plugins/acme/hello/wazo/plugin.yml": "name: hello\n" },
      scripts: {
        postinst: 'echo "$1 by $(id -un)" > /var/lib/hello',
        postrm: "rm -f /var/lib/hello",
      },
    });
    await repository.add(file, "main");
    const url = `http://127.0.0.1:${PORT}`;
    const { headers, payload } = await app.inject({
      url: "/apt/plugctl.sources",
      headers: { host: `127.0.0.1:${PORT}` },
    });
    expect(headers["content-type"]).toContain("text/plain");
    expect(payload).toContain(`URIs: ${url}/apt`);
    await writeFile(join(system.root, "etc/apt/sources.list.d/plugctl.sources"), payload);
    const within = (...command: string[]) => system.run(command, { socket, port: PORT });

    expect(await within("apt-get", "update")).toEqual({
      code: 0,
      text: expect.not.stringMatching(/^[WE]:/m),
    });
    expect(await within("apt-get", "install", "-y", PLUGIN)).toMatchObject({ code: 0 });
    expect(await readFile(join(system.root, "var/lib/hello"), "utf8")).toBe("configure by root\n");
    expect((await within("dpkg", "--audit")).text).toBe("");
    expect((await within("dpkg", "-s", PLUGIN)).text).toContain("Status: install ok installed");
    expect((await within("apt-cache", "policy", PLUGIN)).text).toMatch(
      / 500 http:\S+\/apt main\/main \w+ Packages/,
    );
    expect(await within("apt-get", "purge", "-y", PLUGIN)).toMatchObject({ code: 0 });
    await expect(readFile(join(system.root, "var/lib/hello"))).rejects.toMatchObject({ code: "ENOENT" });
  }, 240_000);
});
