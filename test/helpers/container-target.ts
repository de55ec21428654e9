import { onTestFinished } from "vitest";
import type { Connection } from "../../src/adapters/adapter.ts";
import { createEngineAdapter } from "../../src/adapters/container/engine-adapter.ts";
import { type Adapter, type Capabilities, type Capability, need } from "../../src/core/capabilities.ts";
import type { SettingsChange } from "../../src/core/settings.ts";
import { makeConnection } from "./adapter-connection.ts";

/** A target as the command line opens it. */
export interface ContainerTarget {
  adapter: Adapter;
  on<C extends Capability>(capability: C): Capabilities[C];
  /** Installs an image; it is started unless told otherwise. */
  install(
    reference: string,
    options: { name: string; settings?: SettingsChange; start?: boolean },
  ): ReturnType<Capabilities["installation"]["install"]>;
}

/** Closed with the test or, outside of one, by the caller. */
export function openTarget(
  given: Partial<Connection> & { url: string },
  options: { keepOpen?: boolean } = {},
): ContainerTarget {
  const adapter = createEngineAdapter(makeConnection({ target: "edge", ...given }));
  if (options.keepOpen !== true) onTestFinished(() => adapter.close());
  const on = <C extends Capability>(capability: C) => need(adapter, capability, []);
  return {
    adapter,
    on,
    install: (reference, { name, settings = {}, start = true }) =>
      on("installation").install(
        { source: { type: "image", reference }, name, settings, build: false, start, dryRun: false },
        () => undefined,
      ),
  };
}
