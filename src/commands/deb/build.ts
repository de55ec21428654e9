import { mkdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { saveStream } from "../../actions/save-stream.ts";
import { type PackageBuild, type PackageBuilds, packageFileName } from "../../core/deb/package-build.ts";
import { notFoundError, usageError } from "../../core/errors.ts";
import type { Host } from "../../host.ts";
import { formatSize } from "../../output/format.ts";
import { done } from "../../output/result.ts";
import type { Handler, Invocation } from "../command.ts";
import type { debBuild } from "./build.meta.ts";
import { printLog } from "./print-log.ts";

export const run: Handler<typeof debBuild> = async ({ args, options, host }) => {
  const folder = resolve(host.cwd, args.folder);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) throw notFoundError(`there is no folder ${args.folder}`);
  if (!found.isDirectory()) throw usageError(`${args.folder} is not a folder`);
  const out = resolve(host.cwd, options.out ?? ".");
  if (options.out?.endsWith("/")) await mkdir(out, { recursive: true });
  const isFolder = (await stat(out).catch(() => undefined))?.isDirectory() === true;
  const fileOf = (build: PackageBuild) => (isFolder ? join(out, packageFileName(build)) : out);
  const { builds, target } = await builder(host, options);
  const listeners = printLog(host);
  const build = await builds
    .build(folder, listeners, async (build, content) => {
      await saveStream(content, fileOf(build), { overwrite: true, mode: 0o644 });
    })
    .catch((error) => {
      throw listeners.news(error);
    })
    .finally(() => listeners.end());
  for (const warning of build.warnings) host.warn(warning);
  const file = fileOf(build);
  return done(
    `${build.name} ${build.version} is in ${shown(host, file)} (${formatSize(build.sizeBytes)})`,
    { ...(target === undefined ? {} : { target }), ...build, file },
    { nameOf: () => file },
  );
};

/** A server is only asked when the run names one: a target that happens to be the default is not meant. */
async function builder(
  host: Host,
  { isolation, wazoVersion }: Invocation<typeof debBuild>["options"],
): Promise<{ builds: PackageBuilds; target?: string }> {
  if (host.settings.target.length === 0) {
    const { buildsHere } = await import("../../actions/build-here.ts");
    const { BUILD_ISOLATIONS } = await import("../../server/deb/builder/builder.ts");
    const how = BUILD_ISOLATIONS.find((one) => one === isolation) ?? BUILD_ISOLATIONS[0];
    const { env, signal } = host;
    return { builds: buildsHere({ isolation: how, wazoVersion, env, signal }) };
  }
  if (isolation !== undefined || wazoVersion !== undefined) {
    throw usageError(
      `--${isolation === undefined ? "wazo-version" : "isolation"} is for builds on this machine`,
      {
        hint: "a server builds as it was started: plugctl serve --deb-build, --wazo-version",
      },
    );
  }
  const { target, on } = await host.capability("builds");
  return { builds: on, target: target.name };
}

const shown = (host: Host, file: string) => {
  const path = relative(host.cwd, file);
  return path.startsWith("..") ? file : path;
};
