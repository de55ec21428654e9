import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { folderArchive, sourceDate } from "../adapters/deb/plugctl/folder-archive.ts";
import type { PackageBuild, PackageBuilds } from "../core/deb/package-build.ts";
import { PlugctlError } from "../core/errors.ts";
import { type ArchiveBuild, buildArchive } from "../server/deb/build-archive.ts";
import type { BuildIsolation } from "../server/deb/builder/builder.ts";

/** Makes packages on this machine as a server would, with none running: the same folder gives the same package. */
export function buildsHere(options: {
  isolation: BuildIsolation;
  wazoVersion: string | undefined;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}): PackageBuilds {
  const { isolation, wazoVersion, env, signal } = options;
  return {
    async build(folder, { progress, log }, save) {
      const archive = Readable.from(await folderArchive(folder, { signal, latest: sourceDate(env) }));
      const onStep: ArchiveBuild["onStep"] = (phase, plugin) => {
        // Before there is a description, the archive is taken apart that has been made here.
        const message =
          plugin === undefined
            ? `reading ${folder}`
            : `${phase} ${plugin.namespace}/${plugin.name} ${plugin.version}`;
        progress({ phase: plugin === undefined ? "reading" : phase, message });
      };
      return buildArchive(
        archive,
        { isolation, wazoVersion, onStep, log, signal },
        async ({ package: { file, sha256, ...built }, description: { namespace, name }, tree }) => {
          const build: PackageBuild = {
            name: `${namespace}/${name}`,
            ...{ version: built.version, package: built.package, architecture: built.architecture },
            ...{ treeSha256: tree.treeSha256, debSha256: sha256, sizeBytes: built.sizeBytes },
            warnings: built.warnings,
          };
          await save(build, createReadStream(file));
          return build;
        },
      ).catch((error) => {
        throw elsewhere(error);
      });
    },
  };
}

/** Where this machine cannot build, another may. */
function elsewhere(thrown: unknown): unknown {
  if (!(thrown instanceof PlugctlError) || thrown.code !== "UNAVAILABLE") return thrown;
  const [, missing] = /(\S+) is not installed$/.exec(thrown.message) ?? [];
  const here =
    missing === undefined
      ? "--isolation host builds without namespaces, as yourself"
      : `apt-get install ${missing === "dpkg-deb" ? "dpkg" : missing}`;
  return new PlugctlError("UNAVAILABLE", thrown.message, {
    hint: `${here}; or let a server build it: -t TARGET`,
    details: thrown.details,
    cause: thrown,
  });
}
