import type { Socket } from "node:net";
import type { Clock } from "../clock.ts";
import type { BrokerLog } from "../log-lines.ts";
import { ErrorCode, MalformedError } from "../protocol/errors.ts";
import {
  encodeResponse,
  MIN_FRAME,
  type RequestHeader,
  readClientId,
  readHeader,
} from "../protocol/header.ts";
import { apiVersions } from "../protocol/messages/api-versions.ts";
import { Reader } from "../protocol/reader.ts";
import type { ApiRegistry, ConnectionContext, Endpoint, Served } from "../protocol/registry.ts";
import type { AuthenticationSession, Principal } from "../security.ts";
import { FrameReader } from "./frames.ts";
import type { Limits } from "./limits.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { OrderedReplies, type Reply } from "./replies.ts";
import { refuseVersion } from "./version-refusal.ts";

/** What a connection shares with the others of its listener. */
export interface ConnectionSurroundings {
  readonly registry: ApiRegistry;
  readonly limits: Limits;
  readonly budget: MemoryBudget;
  readonly clock: Clock;
  readonly log: BrokerLog;
}

/** A request that waits for its turn. Its bytes are accounted for in the budget. */
interface Queued {
  readonly frame: Buffer;
  readonly bytes: number;
}

/**
 * One client: takes requests from its socket, has them handled one after the other, and answers in their order. It is not
 * read while it has too much pending in either direction. Whatever is no request of the protocol ends it.
 */
export class Connection implements ConnectionContext {
  readonly id: number;
  readonly remoteAddress: string;
  readonly advertised: Endpoint;
  readonly session: AuthenticationSession;
  readonly openedAt: number;
  readonly #socket: Socket;
  readonly #around: ConnectionSurroundings;
  readonly #frames = new FrameReader();
  readonly #replies = new OrderedReplies((buffers) => this.#send(buffers));
  readonly #abort = new AbortController();
  #queue: Queued[] = [];
  /** Requests that are being handled; all of them pipelined where there are several. */
  #running: Served[] = [];
  /** Bytes of the budget that belong to the frame that is arriving. */
  #reserved = 0;
  #stopWaiting: (() => void) | undefined;
  #mutedUntil = 0;
  #stopMute: (() => void) | undefined;
  #lastByteAt: number;
  /** When the frame that is arriving began; 0 = none is. */
  #frameSince = 0;
  /** No request is taken any more; the socket closes when all answers are out. */
  #ending = false;
  #closed = false;

  constructor(
    id: number,
    socket: Socket,
    session: AuthenticationSession,
    advertised: Endpoint,
    around: ConnectionSurroundings,
  ) {
    this.id = id;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.advertised = advertised;
    this.session = session;
    this.openedAt = around.clock.now();
    this.#lastByteAt = this.openedAt;
    this.#socket = socket;
    this.#around = around;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#guard(() => this.#receive(chunk)));
    socket.on("drain", () => this.#guard(() => this.#advance()));
    socket.on("error", (error) => this.#around.log.debug({ connection: id, err: error }, "connection lost"));
    socket.on("close", () => this.close());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  throttle(milliseconds: number): void {
    if (milliseconds <= 0) return;
    this.#mutedUntil = Math.max(this.#mutedUntil, this.#around.clock.now() + milliseconds);
    this.#stopMute?.();
    this.#stopMute = this.#around.clock.after(milliseconds, () => this.#guard(() => this.#advance()));
  }

  closeAfterReply(): void {
    this.#ending = true;
    this.#dropQueue();
    this.#socket.pause();
    this.#closeWhenDone();
  }

  /** The broker stops: ends what is parked, lets the rest finish. */
  finish(): void {
    this.#abort.abort();
    this.closeAfterReply();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    this.#abort.abort();
    this.#stopWaiting?.();
    this.#stopMute?.();
    this.#around.budget.release(this.#reserved);
    this.#reserved = 0;
    this.#dropQueue();
    this.#frames.clear();
    this.session.close();
    this.#socket.destroy();
  }

  /** Closes the connection if it has overstayed one of its times. */
  checkTimes(now: number): void {
    const { limits, log } = this.#around;
    const overdue =
      this.session.principal === undefined && now - this.openedAt > limits.authentication
        ? "did not authenticate in time"
        : this.#frameSince > 0 && now - this.#frameSince > limits.frame
          ? "did not complete a request in time"
          : now >= this.session.endsAt
            ? "outlived its authentication"
            : this.#replies.pending === 0 && now - this.#lastByteAt > limits.idle
              ? "was idle"
              : undefined;
    if (overdue === undefined) return;
    log.debug({ connection: this.id, address: this.remoteAddress }, `closing a connection that ${overdue}`);
    this.close();
  }

  /** Runs what a socket or timer calls: no fault leaves it but by the end of the connection. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    const about = { connection: this.id, address: this.remoteAddress, err: error };
    if (error instanceof MalformedError) this.#around.log.debug(about, "closing a connection: no request");
    else this.#around.log.error(about, "closing a connection: a request failed");
    this.close();
  }

  #receive(chunk: Buffer): void {
    if (this.#ending) return;
    this.#lastByteAt = this.#around.clock.now();
    this.#frames.push(chunk);
    this.#advance();
  }

  /** Takes frames, starts requests, and decides whether to read on. */
  #advance(): void {
    let starved = false;
    do {
      starved = this.#takeFrames();
      this.#startRequests();
      // A request that was started may have made room for a frame that is here already.
    } while (
      !starved &&
      !this.#ending &&
      this.#queue.length < this.#around.limits.maxQueuedRequests &&
      this.#hasFrame()
    );
    if (this.#ending) return;
    if (starved || this.#isFull()) this.#socket.pause();
    else this.#socket.resume();
  }

  #isFull(): boolean {
    const { limits, clock } = this.#around;
    return (
      this.#queue.length >= limits.maxQueuedRequests ||
      this.#socket.writableLength > limits.maxUnsent ||
      this.#mutedUntil > clock.now()
    );
  }

  get #frameLimit(): number {
    const { maxFrame, maxFrameBeforeAuthentication } = this.#around.limits;
    return this.session.principal === undefined ? maxFrameBeforeAuthentication : maxFrame;
  }

  #hasFrame(): boolean {
    const size = this.#frames.size(this.#frameLimit);
    return size !== undefined && this.#frames.has(size);
  }

  /** @returns true when the next frame has to wait for memory. */
  #takeFrames(): boolean {
    if (this.#stopWaiting !== undefined) return true;
    const { limits, budget, clock } = this.#around;
    while (!this.#ending && this.#queue.length < limits.maxQueuedRequests) {
      const size = this.#frames.size(this.#frameLimit);
      if (size === undefined || !this.#frames.has(size)) {
        this.#frameSince = this.#frames.isEmpty ? 0 : this.#frameSince || clock.now();
        return size !== undefined && this.#reserved === 0 && !this.#reserve(size);
      }
      if (this.#reserved === 0) budget.force(size);
      this.#reserved = 0;
      this.#frameSince = 0;
      this.#queue.push({ frame: this.#frames.take(size), bytes: size });
    }
    return false;
  }

  #reserve(size: number): boolean {
    if (this.#around.budget.take(size)) {
      this.#reserved = size;
      return true;
    }
    this.#stopWaiting = this.#around.budget.wait(size, () => {
      this.#stopWaiting = undefined;
      this.#reserved = size;
      this.#frameSince = this.#around.clock.now();
      this.#guard(() => this.#advance());
    });
    return false;
  }

  #startRequests(): void {
    while (!this.#ending && this.#queue.length > 0) {
      if (this.#socket.writableLength > this.#around.limits.maxUnsent) return;
      if (this.#mutedUntil > this.#around.clock.now()) return;
      const { frame, bytes } = this.#queue[0] as Queued;
      if (!this.#start(frame, bytes)) return;
    }
  }

  /** @returns false when the request has to wait for those before it. */
  #start(frame: Buffer, bytes: number): boolean {
    if (this.session.expectsRawToken) {
      if (this.#running.length > 0 || this.#replies.pending > 0) return false;
      this.#queue.shift();
      this.#authenticateRaw(frame, bytes);
      return true;
    }
    if (frame.length < MIN_FRAME) throw new MalformedError(`a request of ${frame.length} bytes`);
    const from = new Reader(frame);
    const header = readHeader(from);
    const served = this.#around.registry.find(header.apiKey, header.apiVersion);
    const mayOvertake = served?.route.pipelined === true && this.#running.every(isPipelined);
    if (this.#replies.pending > 0 && !mayOvertake) return false;
    this.#queue.shift();
    let handled = false;
    try {
      if (served === undefined) this.#refuse(header);
      else handled = this.#handle(served, header, from, bytes);
    } finally {
      if (!handled) this.#around.budget.release(bytes);
    }
    return true;
  }

  #refuse({ apiKey, apiVersion, correlationId }: RequestHeader): void {
    if (apiKey !== apiVersions.key)
      throw new MalformedError(`API ${apiKey} version ${apiVersion} is not served`);
    this.#replies.next()(refuseVersion(correlationId, this.#around.registry));
  }

  /** @returns true, since the bytes of the request are given back when it is answered */
  #handle(
    served: Served,
    { apiVersion, correlationId }: RequestHeader,
    from: Reader,
    bytes: number,
  ): boolean {
    const { principal } = this.session;
    if (principal === undefined && !served.route.beforeAuthentication) {
      throw new MalformedError(`${served.route.api.name} before authentication`);
    }
    const clientId = readClientId(from, served.flexible);
    const request = served.request.read(from);
    from.end();
    const reply = this.#replies.next();
    this.#running.push(served);
    served.route
      .handle(request, { apiVersion, clientId, principal: principal ?? NOBODY, connection: this })
      .then((response) => this.#answer(served, correlationId, response, reply))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#finished(served, bytes));
    return true;
  }

  #answer(served: Served, correlationId: number, response: unknown, reply: Reply): void {
    if (this.#closed) return;
    if (response === null) {
      reply([]);
      return;
    }
    const tagged = served.flexible && served.route.api.key !== apiVersions.key;
    reply(encodeResponse(correlationId, tagged, (to) => served.response.write(to, response as never)));
  }

  #finished(served: Served, bytes: number): void {
    this.#running.splice(this.#running.indexOf(served), 1);
    this.#around.budget.release(bytes);
    if (this.#closed) return;
    if (this.#ending) this.#closeWhenDone();
    else this.#guard(() => this.#advance());
  }

  /** A token without a request around it, answered in the same way; a refusal has no form but the end. */
  #authenticateRaw(frame: Buffer, bytes: number): void {
    const reply = this.#replies.next();
    this.session
      .authenticate(frame)
      .then(({ errorCode, token }) => {
        if (errorCode !== ErrorCode.NONE) throw new MalformedError("authentication failed");
        const size = Buffer.alloc(4);
        size.writeInt32BE(token.length);
        reply([size, token]);
      })
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#around.budget.release(bytes);
        if (!this.#closed) this.#guard(() => this.#advance());
      });
  }

  #send(buffers: readonly Buffer[]): void {
    if (this.#closed || !this.#socket.writable) return;
    this.#socket.cork();
    for (const buffer of buffers) this.#socket.write(buffer);
    this.#socket.uncork();
  }

  #closeWhenDone(): void {
    if (this.#closed || this.#replies.pending > 0) return;
    this.#socket.end(() => this.close());
  }

  #dropQueue(): void {
    for (const { bytes } of this.#queue) this.#around.budget.release(bytes);
    this.#queue = [];
  }
}

/** Stands for the principal of a connection that has none yet; nothing but authentication is open to it. */
const NOBODY: Principal = { name: "" };

const isPipelined = (served: Served): boolean => served.route.pipelined === true;
