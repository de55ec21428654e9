import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { packageName } from "../../src/core/deb/package-name.ts";

type Script = "preinst" | "postinst" | "prerm" | "postrm";

export interface PackageContent {
  /** Name of the plugin; its namespace is `test`. Default `empty`. */
  name?: string;
  /** Another name of the package, for one that is no plugin. */
  package?: string;
  version?: string;
  /** Further fields of the control file. */
  control?: Record<string, string>;
  /** Bodies of maintainer scripts, for sh -e. */
  scripts?: Partial<Record<Script, string>>;
  /** Contents by path. */
  files?: Record<string, string>;
  conffiles?: readonly string[];
}

export interface TestPackage {
  file: string;
  sha256: string;
  package: string;
  version: string;
}

/** Makes the package of a plugin with dpkg-deb, which is all that makes it one. */
export async function buildPackage(folder: string, content: PackageContent = {}): Promise<TestPackage> {
  const { name = "empty", version = "1.0", control = {}, scripts = {}, files = {}, conffiles = [] } = content;
  const id = { namespace: "test", name };
  const isPlugin = content.package === undefined;
  const plugin = content.package ?? packageName(id);
  const tree = join(folder, `tree-${crypto.randomUUID()}`);
  const write = async (path: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
    await chmod(join(tree, path), mode);
  };
  const fields = {
    Package: plugin,
    Version: version,
    Architecture: "all",
    Maintainer: "Nobody <nobody@example.org>",
    Section: isPlugin ? "wazo-plugind-plugin" : "misc",
    Priority: "optional",
    Description: `made for a test\n of ${name}`,
    ...control,
  };
  await write(
    "DEBIAN/control",
    Object.entries(fields)
      .map(([key, value]) => `${key}: ${value}\n`)
      .join(""),
  );
  for (const [script, body] of Object.entries(scripts))
    await write(`DEBIAN/${script}`, `#!/bin/sh -e\n${body}\n`, 0o755);
  if (conffiles.length > 0) await write("DEBIAN/conffiles", conffiles.map((path) => `${path}\n`).join(""));
  if (isPlugin) {
    const description = `namespace: test\nname: ${name}\nversion: "${version}"\n`;
    await write(`usr/lib/wazo-plugind/plugins/test/${name}/wazo/plugin.yml`, description);
  }
  for (const [path, text] of Object.entries(files)) await write(path, text);
  await chmod(tree, 0o755);
  const file = join(
    folder,
    `${plugin}_${version.replaceAll(":", "-")}_${crypto.randomUUID().slice(0, 8)}.deb`,
  );
  await promisify(execFile)("dpkg-deb", ["--root-owner-group", "-Zgzip", "--build", tree, file]);
  const sha256 = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return { file, sha256, package: plugin, version };
}
