import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import type { $ZodType, output } from "zod/v4/core";
import { configError, isPlugctlError, PlugctlError } from "../../core/errors.ts";
import type { Connection } from "../adapter.ts";
import { type Answer, chunks, discard, readJson, readText } from "./answer.ts";
import type { CallOptions, HttpClient, JsonOptions, Method, UploadOptions } from "./call.ts";
import { Deadline } from "./deadline.ts";
import { Endpoint } from "./endpoint.ts";
import { type CallContext, statusError, transportError } from "./errors.ts";
import { withRetries } from "./retry.ts";
import { createDispatcher, type Dispatcher, isLocal, request } from "./undici.ts";

/** Of an error's body; the rest is not read. */
const ERROR_BYTES = 64 * 1024;

export interface HttpClientOptions {
  /** Of the API below the target's URL, such as `/api/v1`. */
  prefix: string;
  /** Header that carries the credential; default: `authorization`, as a bearer's. */
  tokenHeader?: "x-auth-token" | undefined;
}

export function createHttpClient(connection: Connection, options: HttpClientOptions): HttpClient {
  return new ConnectedClient(connection, options);
}

interface Exchange extends CallOptions {
  accept: string;
  deadline: Deadline;
  contentType?: string | undefined;
  body?: string | Readable | undefined;
  sizeBytes?: number | undefined;
}

class ConnectedClient implements HttpClient {
  readonly #connection: Connection;
  readonly #endpoint: Endpoint;
  readonly #tokenHeader: HttpClientOptions["tokenHeader"];
  #dispatcher: Promise<Dispatcher> | undefined;
  #credential: Promise<string | undefined> | undefined;

  constructor(connection: Connection, { prefix, tokenHeader }: HttpClientOptions) {
    this.#connection = connection;
    this.#endpoint = new Endpoint(connection.url, prefix);
    this.#tokenHeader = tokenHeader;
  }

  get target(): string {
    return this.#connection.target;
  }

  async hasCredential(): Promise<boolean> {
    return (await this.#ownCredential()) !== undefined;
  }

  json<S extends $ZodType>(
    method: Method,
    path: string,
    options: JsonOptions & { schema: S },
  ): Promise<output<S>>;
  json(method: Method, path: string, options?: JsonOptions): Promise<void>;
  async json(
    method: Method,
    path: string,
    options: JsonOptions & { schema?: $ZodType } = {},
  ): Promise<unknown> {
    using deadline = this.#deadline(method, path, options);
    const { schema, body, verbatim, ...rest } = options;
    const attempt = async () => {
      const answer = await this.#exchange(method, path, {
        ...rest,
        accept: "application/json",
        deadline,
        ...(body === undefined ? {} : { contentType: "application/json", body: JSON.stringify(body) }),
      });
      return schema === undefined ? discard(answer) : readJson(answer, schema, verbatim);
    };
    return await (method === "GET" ? withRetries(deadline, attempt) : attempt());
  }

  async stream(method: Method, path: string, options: CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
    using deadline = this.#deadline(method, path, options);
    return chunks(await this.#exchange(method, path, { ...options, accept: "*/*", deadline }));
  }

  async *events(path: string, options: CallOptions & { lastEventId?: string | undefined } = {}) {
    const { lastEventId, headers, ...rest } = options;
    using deadline = this.#deadline("GET", path, options);
    const answer = await this.#exchange("GET", path, {
      ...rest,
      headers: { ...headers, ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) },
      accept: "text/event-stream",
      deadline,
    });
    deadline.lift();
    const { readEvents } = await import("./event-stream.ts");
    yield* readEvents(chunks(answer));
  }

  async upload<S extends $ZodType>(path: string, options: UploadOptions & { schema: S }): Promise<output<S>> {
    const { schema, body, onSent, ...rest } = options;
    using deadline = this.#deadline("POST", path, options);
    async function* sending() {
      let sent = 0;
      for await (const chunk of body) {
        yield chunk;
        deadline.extend();
        sent += chunk.length;
        onSent?.(sent);
      }
    }
    const exchange = {
      ...rest,
      accept: "application/json",
      deadline,
      body: Readable.from(sending(), { objectMode: false }),
    };
    return await readJson(await this.#exchange("POST", path, exchange), schema);
  }

  async close(): Promise<void> {
    const dispatcher = await this.#dispatcher?.catch(() => undefined);
    await dispatcher?.destroy();
  }

  /** Sends one request and waits for the head of its answer. @throws for any status but 2xx. */
  async #exchange(method: Method, path: string, exchange: Exchange): Promise<Answer> {
    const target = this.#endpoint.path(path, exchange.query);
    const credential = exchange.auth === undefined ? await this.#ownCredential() : exchange.auth || undefined;
    const call = {
      ...this.#describe(method, target),
      credential:
        credential !== undefined
          ? ("sent" as const)
          : exchange.auth === false
            ? ("unwanted" as const)
            : ("absent" as const),
    };
    const trace = this.#tracer(call);
    try {
      const answer = await request(await this.#connected(), {
        origin: this.#endpoint.origin,
        path: target,
        method,
        headers: {
          "user-agent": this.#connection.userAgent,
          ...this.#identification(credential),
          ...toHeaders(exchange),
        },
        body: exchange.body ?? null,
        signal: exchange.deadline.signal,
      });
      trace(answer.statusCode, single(answer.headers["x-request-id"]));
      if (answer.statusCode >= 200 && answer.statusCode < 300) return { body: answer.body, call };
      throw await refusal(answer, call);
    } catch (thrown) {
      const error = transportError(thrown, call);
      if (isPlugctlError(error) && error.details?.status === undefined)
        trace(error.details?.reason ?? error.code);
      throw error;
    }
  }

  #identification(credential: string | undefined): Record<string, string> {
    if (credential === undefined) return {};
    if (this.#tokenHeader !== undefined) return { [this.#tokenHeader]: credential };
    return { authorization: `Bearer ${credential}` };
  }

  #describe(method: Method, target: string) {
    const { address, url } = this.#endpoint;
    return { target: this.target, method, url: this.#endpoint.show(target), address, local: isLocal(url) };
  }

  /** Writes a call's line when its outcome is known: a status, or the reason why there is none. */
  #tracer({ method, url }: { method: Method; url: string }) {
    const begin = performance.now();
    return (outcome: unknown, requestId = "-") => {
      const ms = Math.round(performance.now() - begin);
      this.#connection.trace?.(`${method} ${url} ${outcome} ${ms} ms ${requestId}`);
    };
  }

  #deadline(method: Method, path: string, { query }: CallOptions): Deadline {
    const { timeoutMs, signal } = this.#connection;
    const url = this.#endpoint.show(this.#endpoint.path(path, query));
    return new Deadline(
      timeoutMs,
      signal,
      () =>
        new PlugctlError("TIMEOUT", `${method} ${url} took longer than ${timeoutMs / 1000} s`, {
          hint: "--timeout gives it longer",
          details: { target: this.target, url, timeoutMs },
        }),
    );
  }

  #ownCredential(): Promise<string | undefined> {
    this.#credential ??= this.#connection.credential().then((secret) => {
      if (secret === undefined || /^[\x21-\x7e]+$/.test(secret)) return secret;
      throw configError(`the credential of target "${this.target}" holds characters that no token has`);
    });
    return this.#credential;
  }

  #connected(): Promise<Dispatcher> {
    this.#dispatcher ??= this.#connect();
    return this.#dispatcher;
  }

  async #connect(): Promise<Dispatcher> {
    const { caFile, timeoutMs } = this.#connection;
    const ca =
      caFile === undefined
        ? undefined
        : await readFile(caFile, "utf8").catch((cause) => {
            throw configError(`target "${this.target}": cannot read its authority's certificate ${caFile}`, {
              cause,
            });
          });
    return createDispatcher({ endpoint: this.#endpoint.url, ca, connectTimeoutMs: timeoutMs });
  }
}

async function refusal(answer: Dispatcher.ResponseData, call: CallContext): Promise<PlugctlError> {
  const { statusCode: status, headers } = answer;
  const text = (await readText(answer.body, ERROR_BYTES)) ?? "";
  return statusError(
    { status, text, retryAfter: single(headers["retry-after"]), location: single(headers.location) },
    call,
  );
}

const toHeaders = ({ accept, contentType, sizeBytes, headers }: Exchange): Record<string, string> => ({
  accept,
  ...(contentType === undefined ? {} : { "content-type": contentType }),
  ...(sizeBytes === undefined ? {} : { "content-length": String(sizeBytes) }),
  ...headers,
});

const single = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);
