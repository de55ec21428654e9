import { addAbortSignal, type Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import type { $ZodType, output } from "zod/v4/core";
import { safeParse } from "zod/v4/core";
import { cancelledError, isPlugctlError, PlugctlError } from "../core/errors.ts";
import { type EngineAddress, formatAddress } from "./address.ts";
import { type EngineCall, garbageError, toEngineError } from "./errors.ts";
import { createTransport, type Transport } from "./transport.ts";

export interface EngineOptions {
  /** Name of the target, for messages. */
  target: string;
  address: () => Promise<EngineAddress>;
  /** For one call, in ms; streams end only with the signal. */
  timeoutMs: number;
  /** The run's own signal: it ends every call. */
  signal: AbortSignal;
  userAgent: string;
  /** Receives one line a call; never holds a secret. */
  trace?: ((line: string) => void) | undefined;
}

export interface CallOptions {
  /** What it is about: `plugin "web"`; default: the engine. */
  subject?: string;
  /** Beyond the usual time limit, in ms: a stop that waits for a program to end. Infinity: as long as it takes. */
  extraMs?: number;
}

const AFTERWARDS_MS = 60_000;

/** Sends one call with dockerode. */
export type Send<T> = (docker: Docker, signal: AbortSignal) => Promise<T>;

/**
 * Calls to one engine: with a time limit, checked answers, and errors of the taxonomy only (UNAVAILABLE, TIMEOUT,
 * NOT_FOUND, CONFLICT, INVALID, UNAUTHENTICATED, FORBIDDEN, BACKEND, CANCELLED).
 */
export class EngineClient {
  readonly target: string;
  readonly signal: AbortSignal;
  readonly #options: EngineOptions;
  #transport: Promise<{ transport: Transport; address: EngineAddress }> | undefined;

  constructor(options: EngineOptions) {
    this.target = options.target;
    this.signal = options.signal;
    this.#options = options;
  }

  /** Where the engine is. @throws CONFIG, NOT_FOUND for a docker context that cannot be used. */
  async address(): Promise<EngineAddress> {
    return (await this.#connected()).address;
  }

  /** A call whose answer is JSON that fits the schema. */
  async json<S extends $ZodType, T>(schema: S, send: Send<T>, options: CallOptions = {}): Promise<output<S>> {
    const { answer, call } = await this.#send(send, options);
    const parsed = safeParse(schema, answer);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const field = issue?.path.join(".") ?? "";
    throw garbageError(
      call,
      `something that an engine does not answer${field === "" ? "" : ` (${field}: ${issue?.message})`}`,
    );
  }

  /** A call whose answer's body is of no interest. */
  async done<T>(send: Send<T>, options: CallOptions = {}): Promise<void> {
    await this.#send(send, options);
  }

  /** A call whose answer is a stream, which ends with the run's signal; the time limit holds until it begins. */
  async stream(
    send: Send<NodeJS.ReadableStream | NodeJS.ReadWriteStream>,
    options: CallOptions & { signal?: AbortSignal } = {},
  ): Promise<EngineStream> {
    const { answer, call } = await this.#send(send, { ...options, lasting: true });
    const body = answer as Readable;
    // A connection that was taken over (a shell) is out of the reach of the call's signal.
    addAbortSignal(this.signal, body);
    return { body, call, error: (thrown) => this.#translate(thrown, call) };
  }

  /** Waits. @throws CANCELLED when the run ends meanwhile. */
  async sleep(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.signal });
    } catch {
      throw isPlugctlError(this.signal.reason) ? this.signal.reason : cancelledError();
    }
  }

  /** The same engine for putting things in order after the run's signal has ended everything else. */
  afterwards(): EngineClient {
    const client = new EngineClient({ ...this.#options, signal: AbortSignal.timeout(AFTERWARDS_MS) });
    client.#transport = this.#transport;
    return client;
  }

  /** Closes the connections; safe to call twice. */
  async close(): Promise<void> {
    const connected = await this.#transport?.catch(() => undefined);
    connected?.transport.close();
  }

  async #send<T>(
    send: Send<T>,
    options: CallOptions & { lasting?: boolean; signal?: AbortSignal },
  ): Promise<{ answer: T; call: EngineCall }> {
    const { transport, address } = await this.#connected();
    const call = {
      target: this.target,
      address: formatAddress(address),
      subject: options.subject ?? `target "${this.target}"`,
    };
    const limitMs = this.#options.timeoutMs + (options.extraMs ?? 0);
    const limit = new AbortController();
    const timer = Number.isFinite(limitMs) ? setTimeout(() => limit.abort(), limitMs) : undefined;
    const begin = performance.now();
    const signals = [this.signal, limit.signal, ...(options.signal === undefined ? [] : [options.signal])];
    try {
      const answer = await send(transport.docker, AbortSignal.any(signals));
      this.#options.trace?.(`${call.subject}: ${Math.round(performance.now() - begin)} ms`);
      return { answer, call };
    } catch (thrown) {
      if (limit.signal.aborted) throw timeoutError(call, limitMs);
      throw this.#translate(thrown, call);
    } finally {
      clearTimeout(timer);
    }
  }

  #translate(thrown: unknown, call: EngineCall): PlugctlError {
    const error = this.signal.aborted ? (this.signal.reason ?? cancelledError()) : thrown;
    if (error instanceof Error && error.name === "AbortError") return cancelledError();
    return toEngineError(error, call);
  }

  #connected() {
    this.#transport ??= this.#options
      .address()
      .then((address) => ({ address, transport: createTransport(address, this.#options.userAgent) }));
    return this.#transport;
  }
}

/** An answer's body as it comes. */
export interface EngineStream {
  body: Readable;
  call: EngineCall;
  /** What a failure of the body means. */
  error: (thrown: unknown) => PlugctlError;
}

function timeoutError({ target, address, subject }: EngineCall, limitMs: number): PlugctlError {
  return new PlugctlError("TIMEOUT", `${subject}: no answer within ${limitMs / 1000} s`, {
    hint: "--timeout gives it longer",
    details: { target, address, timeoutMs: limitMs },
  });
}
