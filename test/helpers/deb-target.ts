import { onTestFinished } from "vitest";
import type { Connection } from "../../src/adapters/adapter.ts";
import { createAdapter } from "../../src/adapters/deb/index.ts";
import { type Adapter, type Capabilities, type Capability, need } from "../../src/core/capabilities.ts";
import type { InstallRequest, InstallSource } from "../../src/core/installation.ts";
import type { ProgressEvent } from "../../src/core/progress.ts";
import { makeConnection } from "./adapter-connection.ts";

/** A target of kind `deb` as the command line opens it; closed with the test. */
export async function openDebTarget(given: Partial<Connection> & { url: string; token?: string }) {
  const adapter: Adapter = await createAdapter(makeConnection({ target: "pbx", ...given }));
  onTestFinished(() => adapter.close());
  const on = <C extends Capability>(capability: C): Capabilities[C] => need(adapter, capability, []);
  const steps: ProgressEvent[] = [];
  return {
    on,
    /** Progress of what was done so far. */
    steps,
    install: (source: InstallSource, more: Partial<InstallRequest> = {}) =>
      on("installation").install(
        { source, settings: {}, build: false, start: true, dryRun: false, ...more },
        (step) => steps.push(step),
      ),
  };
}
