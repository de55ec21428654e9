import { once } from "node:events";
import { connect, type Socket } from "node:net";
import fc from "fast-check";
import type { Endpoint } from "../../src/server/kafka/broker/protocol/registry.ts";
import type { Api } from "../../src/server/kafka/broker/protocol/schema.ts";
import { encodeRequest, messages, versionsOf } from "./kafka-messages.ts";

/** Random numbers below `limit` that a seed repeats. */
export type Random = (limit: number) => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Valid requests of all versions, so many of each. */
export function requestPool(apis: readonly Api[], each: number, seed: number): Buffer[] {
  return apis.flatMap((api) =>
    versionsOf(api).flatMap((version) =>
      fc
        .sample(messages(api.request, version), { numRuns: each, seed: seed + version })
        .map((request) => encodeRequest(api, version, request)),
    ),
  );
}

const MUTATIONS: readonly ((frame: Buffer, random: Random, pool: readonly Buffer[]) => Buffer)[] = [
  (frame) => frame,
  // Bytes that are others now.
  (frame, random) => {
    for (let left = 1 + random(4); left > 0; left--) frame[4 + random(frame.length - 4)] = random(256);
    return frame;
  },
  // One bit.
  (frame, random) => {
    const at = 4 + random(frame.length - 4);
    frame[at] = (frame[at] as number) ^ (1 << random(8));
    return frame;
  },
  // A number that is at an end of its range.
  (frame, random) => {
    const at = 4 + random(Math.max(frame.length - 8, 1));
    if (at + 4 <= frame.length) frame.writeInt32BE([0x7fffffff, -0x80000000, -1, 0][random(4)] as number, at);
    return frame;
  },
  // Cut short, with the size to match.
  (frame, random) => sized(frame.subarray(0, 4 + random(frame.length - 3))),
  // Bytes too many, with the size to match.
  (frame, random) => sized(Buffer.concat([frame, Buffer.alloc(1 + random(64), random(256))])),
  // Another version of the same API, or another API.
  (frame, random) => {
    frame.writeInt16BE(random(20), random(2) === 0 ? 4 : 6);
    return frame;
  },
  // The head of one and the tail of another.
  (frame, random, pool) => {
    const other = pool[random(pool.length)] as Buffer;
    return sized(
      Buffer.concat([
        frame.subarray(0, 4 + random(frame.length - 4)),
        other.subarray(4 + random(other.length - 4)),
      ]),
    );
  },
  // A size that says something else than what comes.
  (frame, random) => {
    frame.writeInt32BE(random(2) === 0 ? random(200) : random(0xffffffff) | 0, 0);
    return frame;
  },
  // Nothing of a request at all.
  (_, random) => sized(Buffer.from(Array.from({ length: 5 + random(60) }, () => random(256)))),
];

function sized(frame: Buffer): Buffer {
  const own = Buffer.from(frame);
  own.writeInt32BE(own.length - 4, 0);
  return own;
}

/** What became of the frames that were sent. */
export interface FuzzResult {
  answered: number;
  /** Frames on which the broker closed the connection. */
  closed: number;
  /** Frames that got no answer in the time, because the broker waits for more or has parked them. */
  silent: number;
}

export interface FuzzOptions {
  readonly address: Endpoint;
  readonly pool: readonly Buffer[];
  readonly frames: number;
  readonly random: Random;
  /** Connections that are used side by side. */
  readonly connections: number;
  /** Milliseconds to wait for an answer. */
  readonly patience: number;
  /** Called after every thousandth frame. */
  readonly check?: () => void;
}

/** Sends mutated requests to a broker, one after the other on several connections that are opened anew when they close. */
export async function fuzzSocket({
  frames,
  connections,
  check,
  ...options
}: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = { answered: 0, closed: 0, silent: 0 };
  let left = frames;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      let socket: Socket | undefined;
      while (left-- > 0) {
        if (left % 1_000 === 0) check?.();
        socket = await openSocket(socket, options.address);
        const outcome = await sendOne(socket, mutate(options));
        result[outcome]++;
        if (outcome === "silent") socket.destroy();
      }
      socket?.destroy();
    }),
  );
  return result;

  async function sendOne(socket: Socket, frame: Buffer): Promise<keyof FuzzResult> {
    const { promise, resolve } = Promise.withResolvers<keyof FuzzResult>();
    const onData = () => resolve("answered");
    const onClose = () => resolve("closed");
    const timer = setTimeout(() => resolve("silent"), options.patience);
    socket.once("data", onData).once("close", onClose);
    socket.write(frame);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      socket.off("data", onData).off("close", onClose);
    }
  }
}

function mutate({ pool, random }: Pick<FuzzOptions, "pool" | "random">): Buffer {
  const frame = Buffer.from(pool[random(pool.length)] as Buffer);
  const mutation = MUTATIONS[random(MUTATIONS.length)];
  return mutation?.(frame, random, pool) ?? frame;
}

async function openSocket(current: Socket | undefined, { host, port }: Endpoint): Promise<Socket> {
  if (current !== undefined && !current.destroyed && current.readyState === "open") return current;
  const socket = connect({ host, port });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}
