import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * Serves a repository at `git://`, over a network that fails after so many bytes of each answer: it is cut, or nothing
 * comes any more. @returns the address.
 */
export async function serveOverBadNetwork(
  repository: string,
  { bytes, ending }: { bytes: number; ending: "cut" | "silence" },
): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const daemon = spawn("git", ["daemon", "--inetd", "--export-all", `--base-path=${repository}`], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    let left = bytes;
    socket.pipe(daemon.stdin);
    daemon.stdout.on("data", (chunk: Buffer) => {
      if (left > 0) socket.write(chunk.subarray(0, left));
      left -= chunk.length;
      if (left > 0) return;
      if (ending === "cut") socket.destroy();
      else daemon.stdout.pause();
    });
    daemon.stdin.on("error", () => {});
    socket.on("error", () => {});
    socket.on("close", () => daemon.kill());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `git://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
