import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageName } from "../../core/deb/package-name.ts";
import type { PluginDescription } from "../../core/deb/plugin-description.ts";
import { controlParagraph } from "./builder/control-file.ts";
import type { PackageChange } from "./installer/installer.ts";

/**
 * Makes a package with the control file that a plugin's will have and nothing in it, so that dpkg and apt can say what
 * installing the plugin would come to, before anything of it is run.
 */
export async function makeProbe(
  folder: string,
  description: PluginDescription,
): Promise<PackageChange["install"][number]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const tree = await mkdtemp(join(folder, "probe-"));
  try {
    await mkdir(join(tree, "DEBIAN"), { mode: 0o755 });
    await writeFile(join(tree, "DEBIAN", "control"), controlParagraph(description, 0).toString());
    const file = `${tree}.deb`;
    await promisify(execFile)("dpkg-deb", ["-Znone", "--root-owner-group", "--build", tree, file]);
    const sha256 = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    return { file, sha256, package: packageName(description), version: description.version };
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}
