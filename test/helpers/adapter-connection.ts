import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "../../src/adapters/adapter.ts";

/** A connection as the command line makes it, with what a test wants otherwise. */
export function makeConnection(given: Partial<Connection> & { url: string; token?: string }): Connection {
  const { token, ...rest } = given;
  return {
    target: "test",
    caFile: undefined,
    credential: async () => token,
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    userAgent: "plugctl/test",
    container: undefined,
    deb: undefined,
    kafka: undefined,
    login: async () => undefined,
    env: process.env,
    cacheFolder: join(tmpdir(), "plugctl-test-cache"),
    trace: undefined,
    ...rest,
  };
}
