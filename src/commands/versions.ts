import { rows } from "../output/result.ts";
import type { Handler } from "./command.ts";
import type { versions } from "./versions.meta.ts";

export const run: Handler<typeof versions> = async ({ args, host }) => {
  const reference = host.reference(args.plugin);
  const { target, on } = await host.capability("publication", reference.target);
  const releases = await on.versions(reference.name);
  return rows(
    releases.map((release) => ({ target: target.name, kind: target.kind, ...release })),
    [
      { key: "version", drop: 0 },
      { key: "state", as: "state", drop: 1 },
      { key: "channels", drop: 0 },
      { key: "sizeBytes", title: "size", as: "size", drop: 3 },
      { key: "files", as: "number", drop: 4 },
      { key: "publishedAt", title: "published", as: "time", drop: 2 },
      { key: "publishedBy", title: "by", drop: 5 },
    ],
    { empty: "no versions", nameOf: (row) => `${target.name}:${row.name}@${row.version}` },
  );
};
