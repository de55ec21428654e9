import type { Capability } from "../core/capabilities.ts";
import type { Kind } from "../core/plugin.ts";
import type { AdapterModule } from "./adapter.ts";
import { isServer } from "./container/is-server.ts";

export interface AdapterEntry {
  /** Known without loading the adapter: help, completion and the choice of a default target read it. */
  readonly capabilities: readonly Capability[];
  /** Those of them that a target does not have, as its configuration tells. */
  readonly lacks?: (target: Parameters<typeof isServer>[0]) => readonly Capability[];
  /** What to do with a target of this kind instead of what it cannot. */
  readonly otherwise?: string;
  readonly load: () => Promise<AdapterModule>;
}

/** Every kind that this version of plugctl can talk to. An adapter is loaded when a command first needs it. */
export const ADAPTERS: Readonly<Partial<Record<Kind, AdapterEntry>>> = {
  store: {
    capabilities: [
      "health",
      "session",
      "listing",
      "inspection",
      "catalogue",
      "publication",
      "removal",
      "discovery",
      "administration",
      "events",
    ],
    load: () => import("./store/index.ts"),
  },
  deb: {
    capabilities: [
      "health",
      "session",
      "listing",
      "inspection",
      "catalogue",
      "installation",
      "removal",
      "verification",
      "history",
      "cancellation",
      "builds",
      "logs",
      "portability",
      "repository",
    ],
    load: () => import("./deb/index.ts"),
  },
  kafka: {
    capabilities: ["health", "session", "topics", "groups", "messages"],
    otherwise: "a Kafka target has topics, groups and messages, and no plugins: see plugctl kafka --help",
    load: () => import("./kafka/index.ts"),
  },
  container: {
    capabilities: [
      "health",
      "session",
      "listing",
      "inspection",
      "catalogue",
      "installation",
      "removal",
      "lifecycle",
      "settings",
      "logs",
      "events",
      "shell",
      "statistics",
      "access",
      "safekeeping",
      "images",
      "comparison",
      "portability",
    ],
    // An engine knows no users, and shows nothing to the public.
    lacks: (target) => (isServer(target) ? [] : ["session", "access"]),
    load: () => import("./container/index.ts"),
  },
};

/** The kinds whose backends have a capability. */
export function kindsWith(capability: Capability): Kind[] {
  return (Object.keys(ADAPTERS) as Kind[]).filter((kind) =>
    ADAPTERS[kind]?.capabilities.includes(capability),
  );
}
