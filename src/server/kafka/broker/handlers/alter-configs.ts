import { alterConfigs } from "../protocol/messages/alter-configs.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { AdminApiSurroundings } from "./admin-surroundings.ts";
import { changeConfigs, requireValue } from "./config-changes.ts";

/** Replaces all that is set for a topic. */
export const alterConfigsRoute = (around: AdminApiSurroundings): Route =>
  route(alterConfigs, async ({ resources, validateOnly }, { principal }) => ({
    responses: await changeConfigs(
      around,
      principal,
      resources,
      validateOnly,
      ({ configs }) =>
        () =>
          Object.fromEntries(configs.map(({ name, value }) => [name, requireValue(name, value)])),
    ),
  }));
