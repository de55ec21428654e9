import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ListenerOptions, listen } from "../../../../../src/server/container/proxies/listener.ts";

async function open(options: Partial<ListenerOptions> & Pick<ListenerOptions, "target">) {
  const ends: Parameters<ListenerOptions["onEnd"]>[0][] = [];
  const listener = await listen({
    protocol: "tcp",
    address: "127.0.0.1",
    port: 0,
    onEnd: (visit) => ends.push(visit),
    ...options,
  });
  onTestFinished(() => listener.close().catch(() => undefined));
  return { ...listener, ends };
}

const to = (port: number) => async () => ({ host: "127.0.0.1", port, secure: false, verified: false });

describe("a TCP port", () => {
  async function echo() {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    onTestFinished(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  test("passes bytes both ways, the end of one direction too", async () => {
    const { port, ends } = await open({ target: to(await echo()) });
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const sent = Buffer.alloc(3 * 1024 * 1024, 9);
    socket.end(sent);
    const received: Buffer[] = [];
    for await (const chunk of socket) received.push(chunk as Buffer);
    expect(Buffer.concat(received)).toEqual(sent);
    await expect
      .poll(() => ends)
      .toEqual([{ ip: "127.0.0.1", sentBytes: sent.length, receivedBytes: sent.length }]);
  });

  test("ends a connection whose target does not run, and tells why", async () => {
    const { port, ends } = await open({
      target: async () => {
        throw new Error("it does not run");
      },
    });
    const socket = connect(port, "127.0.0.1");
    await once(socket, "close");
    expect(ends).toMatchObject([{ error: { message: "it does not run" } }]);
  });

  test("ends its connections when it is closed", async () => {
    const { port, close } = await open({ target: to(await echo()) });
    const socket = connect(port, "127.0.0.1");
    socket.write("x");
    await once(socket, "data");
    const closed = once(socket, "close");
    await close();
    await closed;
  });

  test("that is taken is a conflict, and an address that is not this machine's is refused", async () => {
    const { port } = await open({ target: to(1) });
    await expect(open({ port, target: to(1) })).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(open({ address: "192.0.2.1", target: to(1) })).rejects.toMatchObject({ code: "INVALID" });
  });
});

test("a UDP port gives each sender its own answers", async () => {
  const server = createSocket("udp4", (message, { port, address }) => {
    server.send(`re: ${message}`, port, address);
  });
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port, ends, close } = await open({ protocol: "udp", target: to(server.address().port) });
  const senders = [createSocket("udp4"), createSocket("udp4")];
  const answers = senders.map(async (sender, index) => {
    const answer = once(sender, "message");
    sender.send(`${index}`, port, "127.0.0.1");
    return String((await answer)[0]);
  });
  expect(await Promise.all(answers)).toEqual(["re: 0", "re: 1"]);
  await close();
  expect(ends).toMatchObject([
    { receivedBytes: 1, sentBytes: 5 },
    { receivedBytes: 1, sentBytes: 5 },
  ]);
  for (const sender of senders) sender.close();
});
