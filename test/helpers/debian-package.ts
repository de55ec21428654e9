import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface TestPackage {
  name: string;
  version?: string;
  architecture?: string;
  /** Further control fields. */
  fields?: Readonly<Record<string, string>>;
  /** By path below the root. */
  files?: Readonly<Record<string, string>>;
  /** Maintainer scripts by name. */
  scripts?: Readonly<Record<string, string>>;
}

/** Makes a `.deb` with dpkg-deb in a new folder below `folder`; returns its path. */
export async function makePackage(folder: string, given: TestPackage): Promise<string> {
  const { name, version = "1.0", architecture = "all", fields = {}, files = {}, scripts = {} } = given;
  const place = await mkdtemp(join(folder, "package-"));
  const tree = join(place, "tree");
  await mkdir(join(tree, "DEBIAN"), { recursive: true, mode: 0o755 });
  const control = {
    Package: name,
    Version: version,
    Architecture: architecture,
    Maintainer: "Ann <ann@example.com>",
    Section: "wazo-plugind-plugin",
    ...fields,
    Description: `the package ${name}`,
  };
  const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`);
  await writeFile(join(tree, "DEBIAN/control"), lines.join(""));
  for (const [script, content] of Object.entries(scripts)) {
    await writeFile(join(tree, "DEBIAN", script), content);
    await chmod(join(tree, "DEBIAN", script), 0o755);
  }
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), content);
  }
  const file = join(place, `${name}.deb`);
  await run("dpkg-deb", ["--root-owner-group", "-Znone", "--nocheck", "--build", tree, file]);
  return file;
}
