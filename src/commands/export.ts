import { resolve } from "node:path";
import { writeExport, yamlOf } from "../actions/export-document.ts";
import { usageError } from "../core/errors.ts";
import type { ExportDocument } from "../core/portability.ts";
import type { Host } from "../host.ts";
import { done, record, text } from "../output/result.ts";
import { addressedAll } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { exportPlugins } from "./export.meta.ts";

export const run: Handler<typeof exportPlugins> = async ({ args, options, host }) => {
  const { target, on, names } = await chosen(host, args.plugins, options.all === true);
  const plugins = await on.export(names);
  const document: ExportDocument = { version: 1, kind: target.kind, plugins };
  for (const { name, secrets } of plugins) {
    if (!Array.isArray(secrets) || secrets.length === 0) continue;
    host.warn(`${name}: values of secrets are left out: ${secrets.join(", ")}`);
  }
  const nameOf = () => plugins.map(({ name }) => `${target.name}:${name}`).join("\n");
  if (options.file !== undefined) {
    const path = resolve(host.cwd, options.file);
    await writeExport(path, document, { overwrite: options.overwrite === true });
    const count = `${plugins.length} plugin${plugins.length === 1 ? "" : "s"}`;
    return done(`described ${count} of ${target.name} in ${options.file}`, document, { nameOf });
  }
  // The document is for a file or a pipe: there is no other form of it for people.
  if (host.settings.output === "table" && !host.settings.quiet) return text(yamlOf(document));
  return record(document, [], { nameOf });
};

async function chosen(host: Host, given: readonly string[], all: boolean) {
  if (all === given.length > 0) {
    throw usageError("name plugins, or give --all for everything on the target", {
      hint: "plugctl export edge:node-red, or plugctl export --all -t edge",
    });
  }
  if (all) return { ...(await host.capability("portability")), names: undefined };
  const [first, ...others] = await addressedAll(host, "portability", given);
  if (first === undefined) throw usageError("no plugin was named");
  const elsewhere = others.find(({ target }) => target.name !== first.target.name);
  if (elsewhere !== undefined) {
    throw usageError(`${first.label} and ${elsewhere.label} are on two targets`, {
      hint: "a document is of one target: export each into a file of its own",
    });
  }
  return { target: first.target, on: first.on, names: [first, ...others].map(({ name }) => name) };
}
