import { createRegionHost, createRegionManager } from "@uxland/harmonix";
import { region } from "@uxland/regions";
import type { LitElement } from "lit";

/** The places that plugins can put views into. */
export const regions = createRegionManager("host-app");

type LitClass = typeof LitElement;

/** A base class for an element that offers a region: the element with the id `targetId` in its shadow root. */
export function offeringRegion(base: LitClass, name: string, targetId: string): LitClass {
  // Harmonix types its own manager as one of @uxland/regions, whose elements are those of an older Lit.
  const mixin = createRegionHost(regions as never) as unknown as (base: LitClass) => LitClass;
  const Host = mixin(base);
  region({ name, targetId })(Host.prototype, `${name}Region`);
  return Host;
}
