import { usageError } from "../../core/errors.ts";
import type { Installation, InstallRequest } from "../../core/installation.ts";
import type { DebBackend } from "./deb-backend.ts";
import { createServerInstallation } from "./plugctl/installation.ts";
import type { Patience } from "./watch/polling.ts";
import { createWazoInstallation } from "./wazo/installation.ts";

/** Installations by whichever server answers. */
export function createInstallation(backend: DebBackend, patience?: Patience): Installation {
  const there = async (): Promise<Installation> => {
    const server = await backend.serverIfOurs();
    return server === undefined
      ? createWazoInstallation(backend, patience)
      : createServerInstallation(backend, server);
  };
  return {
    async install(request, progress) {
      refuseForeignOptions(request);
      return (await there()).install(request, progress);
    },
    update: async (request, progress) => (await there()).update(request, progress),
    rollback: async (request, progress) => (await there()).rollback(request, progress),
    outdated: async () => (await there()).outdated(),
  };
}

/** @throws USAGE for what a package on a host has no counterpart for. */
function refuseForeignOptions({ name, settings, build, start }: InstallRequest): void {
  const why = "a plugin of a Debian host";
  if (name !== undefined) throw usageError(`--name does not fit: the plugin.yml of ${why} says its name`);
  if (build) throw usageError(`--build does not fit: ${why} is always built from its source`);
  if (!start) throw usageError(`--no-start does not fit: ${why} is not started, it is installed`);
  const [first] = Object.keys(settings);
  if (first !== undefined) {
    throw usageError(`settings (${first}) do not fit: ${why} is configured by files on the host`);
  }
}
