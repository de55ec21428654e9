import type { HarmonixApi } from "@uxland/harmonix";
import { defineGreeterCard, TAG } from "./greeter-card.ts";

const REGION = "main";
const VIEW = "greeter";

/** Called by the host once the module is loaded: puts the card into the host's main region. */
export async function initialize(api: HarmonixApi): Promise<void> {
  defineGreeterCard();
  await api.regionManager.registerView(REGION, {
    id: VIEW,
    factory: async () => document.createElement(TAG),
  });
}

/** Called by the host before it forgets the plugin: takes the card away again. */
export async function dispose(api: HarmonixApi): Promise<void> {
  await api.regionManager.removeView(REGION, VIEW);
}
