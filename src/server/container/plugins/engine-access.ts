import type { EngineAddress } from "../../../engine/address.ts";
import { EngineClient } from "../../../engine/client.ts";
import type { EngineScope } from "../../../engine/containers.ts";

const CALL_TIMEOUT_MS = 30_000;

/** The server's one engine. */
export class EngineAccess {
  /** Ends only with the server. */
  readonly client: EngineClient;
  readonly address: EngineAddress;
  readonly #userAgent: string;
  readonly #stopping = new AbortController();

  constructor(address: EngineAddress, userAgent: string) {
    this.address = address;
    this.#userAgent = userAgent;
    this.client = this.#connect(this.#stopping.signal);
  }

  /** @throws UNAVAILABLE, TIMEOUT when nobody answers. */
  async check(): Promise<void> {
    await this.client.done((docker) => docker.ping());
  }

  scope(user: string): EngineScope {
    return { client: this.client, user };
  }

  /** A scope with connections of its own, which the signal ends; whoever opens it closes its client. */
  open(user: string, signal: AbortSignal): EngineScope {
    return { client: this.#connect(AbortSignal.any([signal, this.#stopping.signal])), user };
  }

  /** The same for as long as some work takes: a shell, an operation. */
  async within<T>(user: string, signal: AbortSignal, work: (scope: EngineScope) => Promise<T>): Promise<T> {
    const scope = this.open(user, signal);
    try {
      return await work(scope);
    } finally {
      await scope.client.close();
    }
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    await this.client.close();
  }

  #connect(signal: AbortSignal): EngineClient {
    return new EngineClient({
      target: "server",
      address: async () => this.address,
      timeoutMs: CALL_TIMEOUT_MS,
      signal,
      userAgent: this.#userAgent,
    });
  }
}
