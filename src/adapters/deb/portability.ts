import { packageName } from "../../core/deb/package-name.ts";
import { notFoundError } from "../../core/errors.ts";
import type { InstallSource } from "../../core/installation.ts";
import type { Exportable, ExportedPlugin } from "../../core/portability.ts";
import { formatSource } from "../../core/source.ts";
import type { DebBackend } from "./deb-backend.ts";
import type { WireLocked } from "./plugctl/schema.ts";
import { nameOf } from "./plugin-id.ts";
import { fromWireSource } from "./sources.ts";
import type { WirePlugin } from "./wazo/schema.ts";

export function createPortability(backend: DebBackend): Exportable {
  return {
    async export(names) {
      const server = await backend.server("record of where plugins came from");
      const [locked, plugins] = await Promise.all([server.lock(), backend.plugind.plugins()]);
      const exported = new Map(locked.map((plugin) => [nameOf(plugin), toExported(plugin)]));
      const wanted = names ?? inOrderOfNeed(plugins).filter((name) => exported.has(name));
      return wanted.map((name) => {
        const found = exported.get(name);
        if (found === undefined)
          throw notFoundError(`${name} is not installed on target "${backend.target}"`);
        return found;
      });
    },
  };
}

/** By name, but what others need before those: a document is installed from its first plugin to its last. */
function inOrderOfNeed(plugins: readonly WirePlugin[]): string[] {
  const byName = new Map(plugins.map((plugin) => [nameOf(plugin), plugin]));
  const ordered = new Set<string>();
  const visit = (name: string, above: ReadonlySet<string>) => {
    const plugin = byName.get(name);
    if (plugin === undefined || ordered.has(name) || above.has(name)) return;
    for (const needed of plugin.depends ?? []) visit(nameOf(needed), new Set([...above, name]));
    ordered.add(name);
  };
  for (const name of [...byName.keys()].sort()) visit(name, new Set());
  return [...ordered];
}

/** Exactly what is there: a commit rather than the branch that led to it. */
function toExported(locked: WireLocked): ExportedPlugin {
  const { version, commit = null, treeSha256 = null, debSha256 = null } = locked;
  const name = nameOf(locked);
  const origin = fromWireSource(locked.source);
  // Sources are the same wherever they are built, which packages need not be; what was sent is a package.
  const tree = origin === undefined || treeSha256 === null ? null : `tree-sha256:${treeSha256}`;
  return {
    name,
    version,
    source: origin === undefined ? fileOf(locked) : exact(origin, { version, commit }),
    digest: tree ?? (debSha256 === null ? null : `sha256:${debSha256}`),
    ...{ commit, treeSha256, debSha256 },
  };
}

function exact(
  source: InstallSource,
  { version, commit }: { version: string; commit: string | null },
): string {
  if (source.type === "git") return formatSource({ ...source, ref: commit ?? source.ref });
  return formatSource(source.type === "market" ? { ...source, version } : source);
}

/** What was sent has no address: it is looked for beside the document. */
const fileOf = (plugin: WireLocked): string => `file:${packageName(plugin)}_${plugin.version}_all.deb`;
