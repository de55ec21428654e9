import { chmodSync } from "node:fs";
import { join } from "node:path";
import { makeRepository, type TestRepository } from "./git-repository.ts";

export interface WazoPlugin {
  /** Keys of `wazo/plugin.yml` beside namespace, name and version. */
  description?: Readonly<Record<string, unknown>>;
  namespace?: string;
  name?: string;
  version?: string;
  /** Commands of `wazo/rules` by its argument; what is missing does nothing. */
  rules?: Readonly<Partial<Record<"build" | "package" | "install" | "uninstall" | "postrm", string>>>;
  /** Folder of the plugin within the repository. */
  directory?: string;
  branch?: string;
}

/** The files of a plugin's repository. `version` and the like are written as JSON, which is YAML. */
export function pluginFiles(plugin: WazoPlugin): Record<string, string> {
  const { namespace = "plugindtests", name = "foobar", version = "0.0.1", directory } = plugin;
  const folder = directory === undefined ? "wazo" : `${directory}/wazo`;
  const fields = { namespace, name, version, ...plugin.description };
  const cases = Object.entries(plugin.rules ?? {}).map(([step, commands]) => `${step})\n${commands}\n;;\n`);
  return {
    [`${folder}/plugin.yml`]: Object.entries(fields)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
      .join(""),
    [`${folder}/rules`]: `#!/bin/sh\nset -e\ncase "$1" in\n${cases.join("")}*) ;;\nesac\n`,
  };
}

/** A git repository with a plugin, as its author would push it. */
export async function makePluginRepository(
  plugin: WazoPlugin,
): Promise<TestRepository & { push(plugin: WazoPlugin): string }> {
  const repository = await makeRepository();
  const push = (next: WazoPlugin) => {
    const files = pluginFiles(next);
    if (next.branch !== undefined) repository.git("checkout", "--quiet", "-B", next.branch);
    repository.commit(files);
    for (const path of Object.keys(files)) {
      if (!path.endsWith("/rules")) continue;
      chmodSync(join(repository.folder, path), 0o755);
    }
    return repository.commit({});
  };
  push(plugin);
  return { ...repository, push };
}
