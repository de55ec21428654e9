import type { AuthenticationSession, Principal } from "../security.ts";
import { type MessageCodec, messageCodec } from "./codec.ts";
import type { Api, Fields, RequestOf, ResponseOf } from "./schema.ts";

/** A host and port at which clients reach the broker. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The connection that a request came on, as far as a handler may see it. */
export interface ConnectionContext {
  /** Unique in the process. */
  readonly id: number;
  readonly remoteAddress: string;
  /** Where clients of this listener are told to connect. */
  readonly advertised: Endpoint;
  /** Aborted when nobody waits for answers any more: whatever is parked for the connection ends. */
  readonly signal: AbortSignal;
  readonly session: AuthenticationSession;
  /** Leaves the connection unread for so many milliseconds. */
  throttle(milliseconds: number): void;
  /** Closes the connection once the answers so far are out. */
  closeAfterReply(): void;
}

export interface RequestContext {
  readonly apiVersion: number;
  readonly clientId: string | null;
  readonly principal: Principal;
  readonly connection: ConnectionContext;
}

/**
 * Serves one API. Refusals have a place in the response; what is thrown is a fault of the broker's and ends the connection.
 * @returns null where the protocol foresees no response.
 */
export type Handler<A extends Api> = (
  request: RequestOf<A>,
  context: RequestContext,
) => Promise<ResponseOf<A> | null>;

export interface RouteOptions {
  /** First version to advertise, where clients look for one that is not served (see Produce). */
  readonly advertiseFrom?: number;
  /** Requests of this API may start before earlier ones of the same kind are answered. */
  readonly pipelined?: boolean;
  /** May be called on a connection that has no principal yet. */
  readonly beforeAuthentication?: boolean;
}

/** An API with its handler. */
export interface Route extends RouteOptions {
  readonly api: Api;
  readonly handle: (request: unknown, context: RequestContext) => Promise<unknown>;
}

export const route = <Q extends Fields, S extends Fields>(
  api: Api<Q, S>,
  handle: Handler<Api<Q, S>>,
  options: RouteOptions = {},
): Route => ({ api, handle: handle as Route["handle"], ...options });

/** A version of an API that is served, ready to be used. */
export interface Served {
  readonly route: Route;
  readonly version: number;
  /** Whether headers and bodies have compact lengths and tagged fields. */
  readonly flexible: boolean;
  readonly request: MessageCodec<Fields>;
  readonly response: MessageCodec<Fields>;
}

/** What one entry of ApiVersions says. */
export interface AdvertisedApi {
  readonly apiKey: number;
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** The APIs that a broker serves. What it advertises is made of them, so that it never promises what it does not do. */
export class ApiRegistry {
  readonly #served = new Map<number, readonly (Served | undefined)[]>();
  readonly #advertised: AdvertisedApi[] = [];

  add(...routes: readonly Route[]): this {
    for (const one of routes) {
      const { key, versions, flexible, request, response } = one.api;
      const [first, last] = versions;
      this.#served.set(
        key,
        Array.from({ length: last + 1 }, (_, version) =>
          version < first
            ? undefined
            : {
                route: one,
                version,
                flexible: version >= flexible,
                request: messageCodec(one.api, request, version),
                response: messageCodec(one.api, response, version),
              },
        ),
      );
      this.#advertised.push({ apiKey: key, minVersion: one.advertiseFrom ?? first, maxVersion: last });
    }
    this.#advertised.sort((a, b) => a.apiKey - b.apiKey);
    return this;
  }

  /** Undefined for an API or version that is not served. */
  find(key: number, version: number): Served | undefined {
    return this.#served.get(key)?.[version];
  }

  /** The content of ApiVersions, by key. */
  get advertised(): readonly AdvertisedApi[] {
    return this.#advertised;
  }
}
