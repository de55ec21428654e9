import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { packageName } from "../../src/core/deb/package-name.ts";

type Script = "preinst" | "postinst" | "prerm" | "postrm";

interface Content {
  version?: string;
  /** Bodies of maintainer scripts, for sh -e. */
  scripts?: Partial<Record<Script, string>>;
  /** Contents by path below the root. */
  files?: Readonly<Record<string, string>>;
  conffiles?: readonly string[];
}

export interface PackageFacts extends Content {
  /** Name of the package. */
  name: string;
  architecture?: string;
  /** Further fields of the control file. */
  fields?: Readonly<Record<string, string>>;
}

export interface PackageContent extends Content {
  /** Name of the plugin; its namespace is `test`. Default `empty`. */
  name?: string;
  /** Another name of the package, for one that is no plugin. */
  package?: string;
  /** Further fields of the control file. */
  control?: Record<string, string>;
}

export interface TestPackage {
  file: string;
  sha256: string;
  package: string;
  version: string;
}

/** Makes a `.deb` with dpkg-deb in a new folder below `folder`; returns its path. */
export async function makePackage(folder: string, given: PackageFacts): Promise<string> {
  const { name, version = "1.0", architecture = "all", fields = {}, conffiles = [] } = given;
  const place = await mkdtemp(join(folder, "package-"));
  // Whoever installs it may be somebody else.
  await chmod(place, 0o755);
  const tree = join(place, "tree");
  const write = async (path: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
    await chmod(join(tree, path), mode);
  };
  const control = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: "Ann <ann@example.com>",
    Section: "wazo-plugind-plugin",
    Priority: "optional",
    ...fields,
    Description: `the package ${name}`,
  };
  const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`);
  await write("DEBIAN/control", lines.join(""));
  for (const [script, body] of Object.entries(given.scripts ?? {}))
    await write(`DEBIAN/${script}`, `#!/bin/sh -e\n${body}\n`, 0o755);
  if (conffiles.length > 0) await write("DEBIAN/conffiles", conffiles.map((path) => `${path}\n`).join(""));
  for (const [path, text] of Object.entries(given.files ?? {})) await write(path, text);
  const id = crypto.randomUUID().slice(0, 8);
  const file = join(place, `${name}_${version.replaceAll(":", "-")}_${id}.deb`);
  const options = ["--root-owner-group", "-Znone", "--nocheck"];
  await promisify(execFile)("dpkg-deb", [...options, "--build", tree, file]);
  return file;
}

/** Makes the package of a plugin, which is one by a description in its place, or of something else. */
export async function buildPackage(folder: string, content: PackageContent = {}): Promise<TestPackage> {
  const { name = "empty", package: other, version = "1.0", control = {}, files = {}, ...same } = content;
  const description = `namespace: test\nname: ${name}\nversion: "${version}"\n`;
  const plugin = { [`usr/lib/wazo-plugind/plugins/test/${name}/wazo/plugin.yml`]: description };
  const facts = {
    ...same,
    name: other ?? packageName({ namespace: "test", name }),
    version,
    fields: { ...(other === undefined ? {} : { Section: "misc" }), ...control },
    files: { ...(other === undefined ? plugin : {}), ...files },
  };
  const file = await makePackage(folder, facts);
  const sha256 = createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
  return { file, sha256, package: facts.name, version };
}
