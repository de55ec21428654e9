import type { Removal, RemovalRequest } from "../../core/capabilities.ts";
import { PlugctlError, toPlugctlError } from "../../core/errors.ts";
import type { StoreClient } from "./client.ts";
import type { WireRelease } from "./schema.ts";

type Removed = Awaited<ReturnType<Removal["remove"]>>;

export function createRemoval(client: StoreClient): Removal {
  return {
    async remove(request) {
      const releases = await concerned(client, request);
      const removed: Removed = [];
      for (const release of releases) {
        try {
          await withdraw(client, release, request);
        } catch (thrown) {
          throw partly(request, removed, release, thrown);
        }
        const state = request.purge ? "purged" : "yanked";
        removed.push({ name: release.plugin, version: release.version, state });
      }
      return removed;
    },

    describe({ version, purge }) {
      const what = version === undefined ? "every published version" : "the version";
      const whatKept = version === undefined ? "every version" : "the version";
      return purge
        ? `takes ${whatKept} out of discovery and deletes its files for ever; its number can never be used again`
        : `takes ${what} out of discovery; its files stay for those that use them`;
    },
  };
}

/** The versions that are not yet what the request wants them to be, newest first. */
async function concerned(client: StoreClient, { name, version, purge }: RemovalRequest) {
  const all: Pick<WireRelease, "plugin" | "version" | "state">[] =
    version === undefined ? await client.releases(name) : [await client.release(name, version)];
  return all.filter(({ state }) => (purge ? state !== "purged" : state === "published"));
}

async function withdraw(
  client: StoreClient,
  { plugin, version, state }: Pick<WireRelease, "plugin" | "version" | "state">,
  { purge, reason, dryRun }: RemovalRequest,
): Promise<void> {
  // The store does not purge what discovery returns, so a version is yanked before.
  if (state === "published") await client.withdraw(plugin, version, "yank", { reason, dryRun });
  // A trial of the second step would be judged by a state that the trial of the first has not made.
  if (purge && !(dryRun && state === "published")) {
    await client.withdraw(plugin, version, "purge", { reason, dryRun });
  }
}

/** The failure itself, unless something was removed before it. */
function partly(request: RemovalRequest, removed: Removed, failed: { version: string }, thrown: unknown) {
  const error = toPlugctlError(thrown);
  if (removed.length === 0 || error.code === "CANCELLED") return error;
  return new PlugctlError(
    "PARTIAL",
    `${request.name}: ${removed.length} versions were removed before ${failed.version} failed: ${error.message}`,
    { cause: error, hint: error.hint, details: { removed, failed: failed.version, code: error.code } },
  );
}
