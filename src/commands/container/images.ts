import { rows } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { containerImages } from "./images.meta.ts";

export const run: Handler<typeof containerImages> = async ({ host }) => {
  const { target, on } = await host.capability("images");
  const images = await on.images();
  return rows(
    images.map((image) => ({ target: target.name, kind: target.kind, ...image })),
    [
      { key: "reference", drop: 0 },
      { key: "digest", drop: 3 },
      { key: "sizeBytes", title: "size", as: "size", drop: 1 },
      { key: "createdAt", title: "created", as: "time", drop: 4 },
      { key: "usedBy", title: "used by", drop: 2 },
    ],
    { empty: "no images of plugins", nameOf: (row) => String(row.reference) },
  );
};
