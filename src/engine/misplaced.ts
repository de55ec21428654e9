import type { ContainerDesign } from "./body.ts";

/** What a plan asks for and this engine has no place for, or another one than the platform. */
export function misplaced({ recipe, provenance, placement }: ContainerDesign): string[] {
  return recipe.mounts.flatMap(({ source, target }) => {
    const place = placement(source, provenance.plugin);
    if (place === null)
      return [`${target} is not mounted: this target has no ${source.root} of the platform`];
    if (source.root !== "storages" || place.type !== "volume") return [];
    const apart =
      source.path === ""
        ? "volumes of single storages do not appear in it"
        : "it does not appear in the folder of all storages";
    return [`${target} is the volume ${place.name}: ${apart}`];
  });
}
