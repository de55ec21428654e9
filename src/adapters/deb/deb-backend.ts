import type { DebTarget } from "../../core/deb/target.ts";
import type { Connection } from "../adapter.ts";
import { createHttpClient } from "../http/client.ts";
import { needsServer } from "./errors.ts";
import { createServerClient, type ServerClient } from "./plugctl/client.ts";
import { AuthClient } from "./wazo/auth.ts";
import { PlugindClient } from "./wazo/client.ts";

/** The server behind a target: a wazo-plugind, or plugctl's own, which answers the same API and more. */
export class DebBackend implements AsyncDisposable {
  readonly target: string;
  readonly signal: AbortSignal;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly deb: DebTarget | undefined;
  /** Of the message bus. */
  readonly amqpPassword: string | undefined;
  readonly plugind: PlugindClient;
  readonly auth: AuthClient;
  readonly credential: () => Promise<string | undefined>;
  readonly #server: ServerClient;
  readonly #close: () => Promise<unknown>;

  constructor(connection: Connection) {
    const { target, signal, timeoutMs, deb, env, credential } = connection;
    const wazo = createHttpClient(connection, { prefix: "", tokenHeader: "x-auth-token" });
    const own = createHttpClient(connection, { prefix: "/api/v1" });
    const elsewhere =
      deb?.auth === undefined
        ? undefined
        : createHttpClient({ ...connection, url: deb.auth }, { prefix: "" });
    this.target = target;
    this.signal = signal;
    this.env = env;
    this.timeoutMs = timeoutMs;
    this.deb = deb;
    this.credential = credential;
    this.amqpPassword = env.PLUGCTL_AMQP_PASSWORD || undefined;
    this.plugind = new PlugindClient(wazo);
    this.auth = new AuthClient(async () =>
      elsewhere === undefined
        ? { http: wazo, prefix: (await this.plugind.backend()).auth }
        : { http: elsewhere, prefix: "/0.1" },
    );
    this.#server = createServerClient(own);
    this.#close = () => Promise.all([wazo.close(), own.close(), elsewhere?.close()]);
  }

  /** What plugctl's own server has beside; undefined where a wazo-plugind answers. */
  async serverIfOurs(): Promise<ServerClient | undefined> {
    return (await this.plugind.backend()).plugctl === undefined ? undefined : this.#server;
  }

  /** @throws UNSUPPORTED for a wazo-plugind, saying what it has not. */
  async server(what: string): Promise<ServerClient> {
    const server = await this.serverIfOurs();
    if (server === undefined) throw needsServer(this.target, what);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
