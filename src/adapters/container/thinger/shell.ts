import { readFile } from "node:fs/promises";
import { finished } from "node:stream/promises";
import type { RawData } from "ws";
import WebSocket from "ws";
import { cancelledError, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import type { Shell, ShellSession } from "../../../core/observation.ts";
import type { Connection } from "../../adapter.ts";
import { statusError, transportError } from "../../http/errors.ts";
import type { ThingerClient } from "./client.ts";
import { controlSchema } from "./schema.ts";

/** First byte of a message of output without a terminal. */
const STDERR = 2;
/** The server takes no more in one message than a megabyte. */
const MESSAGE_BYTES = 64 * 1024;
/** What may wait to be sent before no more is read from stdin, in bytes. */
const BACKLOG_BYTES = 1024 * 1024;

/** A shell over the server's WebSocket (docs/thinger-api.md): binary messages are bytes, text messages steer. */
export function createShell(connection: Connection, client: ThingerClient): Shell {
  return {
    async shell(session) {
      const socket = await connect(connection, client, session);
      const stop = () => socket.terminate();
      connection.signal.addEventListener("abort", stop, { once: true });
      try {
        return await converse(connection, socket, session);
      } finally {
        connection.signal.removeEventListener("abort", stop);
        socket.terminate();
      }
    },
  };
}

async function connect(
  connection: Connection,
  client: ThingerClient,
  { name, command, tty, size }: ShellSession,
): Promise<WebSocket> {
  const { url, target, caFile, timeoutMs, userAgent } = connection;
  const address = new URL(url);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  const below = await client.pluginPath(name);
  address.pathname = `${address.pathname.replace(/\/+$/, "")}${below}/terminal${command === undefined ? "/shell" : ""}`;
  for (const word of command ?? []) address.searchParams.append("command", word);
  // A single word would be a line for a shell.
  if (command?.length === 1) {
    address.searchParams.delete("command");
    for (const word of ["/bin/sh", "-c", 'exec "$0"', ...command])
      address.searchParams.append("command", word);
  }
  address.searchParams.set("tty", tty ? "1" : "0");
  if (size !== undefined) {
    address.searchParams.set("columns", String(size.columns));
    address.searchParams.set("rows", String(size.rows));
  }
  const credential = await connection.credential();
  const socket = new WebSocket(address, {
    headers: {
      "user-agent": userAgent,
      ...(credential === undefined ? {} : { authorization: `Bearer ${credential}` }),
    },
    handshakeTimeout: timeoutMs,
    ...(caFile === undefined ? {} : { ca: await readFile(caFile) }),
  });
  const call = {
    ...{ target, method: "GET", url: `${address.origin}${address.pathname}`, address: address.host },
    local: /^(?:localhost|127\.|\[::1\])/.test(address.hostname),
    credential: credential === undefined ? ("absent" as const) : ("sent" as const),
  };
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(socket));
    socket.once("error", (error) => reject(transportError(error, call)));
    socket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        const answer = { status: response.statusCode ?? 0, text, retryAfter: undefined, location: undefined };
        reject(statusError(answer, call));
        socket.terminate();
      });
    });
  });
}

/** Passes bytes both ways until the server tells the exit code. */
async function converse(
  { target, signal }: Connection,
  socket: WebSocket,
  { stdin, stdout, stderr, tty, onResize }: ShellSession,
): Promise<number> {
  const stopResizing = onResize?.((size) => socket.send(JSON.stringify({ type: "resize", ...size })));
  const input = forward(stdin, socket);
  try {
    return await new Promise((resolve, reject) => {
      socket.on("message", (data: RawData, isBinary: boolean) => {
        const bytes = data as Buffer;
        if (isBinary) {
          const output = !tty && bytes[0] === STDERR ? stderr : stdout;
          if (!output.write(tty ? bytes : bytes.subarray(1))) {
            socket.pause();
            output.once("drain", () => socket.resume());
          }
          return;
        }
        const control = parseControl(bytes.toString("utf8"));
        if (control?.type === "exit") resolve(control.code);
        else if (control?.type === "error") reject(toError(control, target));
      });
      socket.once("error", reject);
      socket.once("close", () => {
        const reason = isPlugctlError(signal.reason) ? signal.reason : cancelledError();
        reject(
          signal.aborted
            ? reason
            : new PlugctlError(
                "UNAVAILABLE",
                `target "${target}": the connection ended before the command did`,
              ),
        );
      });
    });
  } finally {
    stopResizing?.();
    stdin.off("data", input);
    stdin.pause();
  }
}

/** @returns the listener, to be taken off. */
function forward(stdin: ShellSession["stdin"], socket: WebSocket): (chunk: Buffer) => void {
  const listener = (chunk: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
      socket.send(chunk.subarray(at, at + MESSAGE_BYTES), { binary: true }, () => {
        if (socket.bufferedAmount < BACKLOG_BYTES && stdin.listeners("data").includes(listener))
          stdin.resume();
      });
    }
    if (socket.bufferedAmount >= BACKLOG_BYTES) stdin.pause();
  };
  stdin.on("data", listener);
  finished(stdin, { writable: false })
    .then(() => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify({ type: "end" }));
    })
    .catch(() => undefined);
  return listener;
}

function parseControl(text: string) {
  try {
    return controlSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const FAILURES = ["NOT_FOUND", "CONFLICT", "FORBIDDEN", "INVALID", "UNAVAILABLE", "TIMEOUT"] as const;

function toError({ code, message }: { code: string; message: string }, target: string): PlugctlError {
  const known = FAILURES.find((failure) => failure === code.toUpperCase());
  return new PlugctlError(known ?? "BACKEND", message, { details: { target } });
}
