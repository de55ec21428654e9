import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { World } from "./world.ts";

/** A client that keeps the server waiting. */
export interface SlowClient {
  what: string;
  /** Sent at once. */
  begins: (world: World) => string;
  /** Sent again and again, each second. */
  trickles?: string;
  status: number;
  code: string;
  says: string;
  /** Within which the server must have answered, in seconds. */
  seconds: number;
}

const head = (words: string, { server, tokens }: World, more: string) =>
  `${words} HTTP/1.1\r\nhost: ${new URL(server.http).host}\r\nauthorization: Bearer ${tokens.admin}\r\n${more}`;

const uploading = "content-type: application/gzip\r\ncontent-length: 1000\r\n\r\n";

export const SLOW_CLIENTS: readonly SlowClient[] = [
  {
    what: "a client that says nothing",
    begins: () => "",
    status: 408,
    code: "request_timeout",
    says: "too long",
    seconds: 15,
  },
  {
    what: "headers that come one by one",
    begins: (world) => head("GET /healthz", world, ""),
    trickles: "x-more: y\r\n",
    status: 408,
    code: "request_timeout",
    says: "too long",
    seconds: 15,
  },
  {
    what: "an upload that stands still",
    begins: (world) => head("POST /api/v1/publish", world, uploading),
    status: 408,
    code: "upload_timeout",
    says: "stood still",
    seconds: 35,
  },
  {
    what: "a JSON body that stands still",
    begins: (world) =>
      head(
        "POST /api/v1/providers",
        world,
        'content-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":',
      ),
    status: 408,
    code: "request_timeout",
    says: "too long",
    seconds: 70,
  },
];

export interface SlowAnswer {
  text: string;
  seconds: number;
}

/** What the server says until it closes the connection, and how long it took to begin. */
export async function beSlow({ begins, trickles, seconds }: SlowClient, world: World): Promise<SlowAnswer> {
  const { hostname, port } = new URL(world.server.http);
  const started = performance.now();
  const socket = connect(Number(port), hostname);
  socket.setEncoding("utf8");
  let text = "";
  let answered: number | undefined;
  const closed = new Promise<void>((resolve) => {
    socket.on("data", (piece) => {
      answered ??= performance.now();
      text += piece;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve());
  });
  socket.write(begins(world));
  const timer = trickles === undefined ? undefined : setInterval(() => socket.write(trickles), 1000);
  await Promise.race([closed, sleep((seconds + 15) * 1000, undefined, { ref: false })]);
  clearInterval(timer);
  socket.destroy();
  return { text, seconds: ((answered ?? Number.NaN) - started) / 1000 };
}
