import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Readable } from "node:stream";
import Docker from "dockerode";
import { configError } from "../core/errors.ts";
import type { EngineAddress } from "./address.ts";
import { createSshAgent } from "./ssh-agent.ts";

/** A dockerode bound to one address, and how to close its connections. */
export interface Transport {
  docker: Docker;
  close(): void;
}

/** Connects nothing yet. @throws CONFIG when the environment's DOCKER_* variables are unusable. */
export function createTransport(address: EngineAddress, userAgent: string): Transport {
  const agent = createAgent(address);
  // dockerode falls back to DOCKER_HOST and its kin for every option that is not given, be it undefined.
  const options: Docker.DockerOptions & { agent: HttpAgent; pathPrefix: string } = {
    socketPath: undefined,
    host: undefined,
    port: undefined,
    username: undefined,
    protocol: "http",
    ca: undefined,
    cert: undefined,
    key: undefined,
    timeout: undefined,
    pathPrefix: "/",
    headers: { "User-Agent": userAgent },
    agent,
    ...location(address),
  };
  try {
    const docker = new Docker(options);
    readAnswers(docker.modem);
    return { docker, close: () => agent.destroy() };
  } catch (cause) {
    throw configError("the variables DOCKER_HOST or DOCKER_CERT_PATH cannot be used", { cause });
  }
}

function location(address: EngineAddress): Docker.DockerOptions {
  switch (address.type) {
    case "socket":
      return { socketPath: address.path };
    case "tcp":
      return {
        host: address.host.includes(":") ? `[${address.host}]` : address.host,
        port: address.port,
        protocol: address.tls === undefined ? "http" : "https",
      };
    case "ssh":
      return { host: "docker.invalid", port: 80 };
  }
}

function createAgent(address: EngineAddress): HttpAgent {
  if (address.type === "ssh") return createSshAgent(address);
  if (address.type === "socket" || address.tls === undefined) return new HttpAgent({ keepAlive: true });
  const { ca, cert, key, insecure } = address.tls;
  return new HttpsAgent({
    keepAlive: true,
    rejectUnauthorized: insecure !== true,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  });
}

/**
 * The body of a GET as it comes. dockerode has some streams as one piece only, which for a long log is all of memory.
 */
export function dialStream(
  docker: Docker,
  call: { path: string; query: Readonly<Record<string, unknown>>; signal: AbortSignal },
): Promise<NodeJS.ReadableStream> {
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      {
        path: `${call.path}?`,
        method: "GET",
        options: { ...call.query },
        isStream: true,
        statusCodes: { 200: true },
        abortSignal: call.signal,
      },
      (error: unknown, body: unknown) => (error ? reject(error) : resolve(body as NodeJS.ReadableStream)),
    );
  });
}

/** JSON beyond this is refused: it is held in memory. */
const ANSWER_BYTES = 64 * 1024 * 1024;

type Dial = Docker["modem"]["dial"];

/**
 * Reads whole answers in dockerode's place, which never ends a call whose connection breaks in the middle of the answer,
 * and takes any amount.
 */
function readAnswers(modem: { dial: Dial }): void {
  const dial = modem.dial.bind(modem);
  modem.dial = (call, callback) => {
    if (call.isStream || call.hijack || call.openStdin) return dial(call, callback);
    dial({ ...call, isStream: true }, (error, body) => {
      if (error || callback === undefined) return callback?.(error, body);
      readAnswer(body as Readable).then(
        (answer) => callback(null, answer as object),
        (thrown) => callback(thrown, null),
      );
    });
  };
}

async function readAnswer(body: Readable): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > ANSWER_BYTES) throw new SyntaxError("the answer is too long");
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces).toString("utf8");
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    // Some calls answer with words; a call that wants JSON finds that it is none.
    return text;
  }
}
