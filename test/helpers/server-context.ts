import { pino } from "pino";
import { onTestFinished } from "vitest";
import { type Frame, openFrame } from "../../src/server/frame.ts";
import type { ServerContext, ServerModule } from "../../src/server/module.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface FrameSettings {
  /** Modules whose migrations are run. */
  modules?: readonly ServerModule[];
  publicUrl?: string;
  dataDir?: string;
  now?: () => Date;
}

/** Everything that a server has except its listener, over a real database in a temporary directory. */
export async function makeFrame(settings: FrameSettings = {}): Promise<Frame> {
  const frame = await openFrame({
    modules: [],
    version: "0.0.0-test",
    log: pino({ level: "silent" }),
    ...settings,
    dataDir: settings.dataDir ?? (await makeTempDir()),
  });
  onTestFinished(async () => {
    await frame.operations.stop();
    await frame.close();
  });
  return frame;
}

/** The context that a module gets; its migrations have run. */
export async function makeServerContext(settings: FrameSettings = {}): Promise<ServerContext> {
  return (await makeFrame(settings)).context;
}
