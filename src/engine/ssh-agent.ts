import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex } from "node:stream";
import { PlugctlError } from "../core/errors.ts";
import type { EngineAddress } from "./address.ts";

/** What a shell says of a program that is not there. */
const NO_SUCH_PROGRAM = 127;

/**
 * What runs at the other end, whatever shell the user has there: docker's own way to its engine, else Podman's.
 */
const DIAL =
  "sh -c 'for p in docker podman; do command -v $p >/dev/null && exec $p system dial-stdio; done; " +
  `echo neither docker nor podman is there >&2; exit ${NO_SUCH_PROGRAM}'`;

/**
 * Connections to an engine through the user's own `ssh`, as docker's command line makes them: known hosts, agent, jump
 * hosts and `~/.ssh/config` are ssh's, and a host whose key is unknown or has changed is refused by it. Never asks for a
 * password: there is nobody to ask.
 */
export function createSshAgent(address: EngineAddress & { type: "ssh" }): Agent {
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => {
    const connection = new DialStdio(address);
    return connection;
  };
  return agent;
}

class DialStdio extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #said = "";

  constructor(address: EngineAddress & { type: "ssh" }) {
    super({ allowHalfOpen: true });
    const args = [
      ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=15", "-T"],
      ...(address.user === undefined ? [] : ["-l", address.user]),
      ...(address.port === undefined ? [] : ["-p", String(address.port)]),
      ...["--", address.host, DIAL],
    ];
    this.#child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"] });
    const { stdin, stdout, stderr } = this.#child;
    stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stderr.on("data", (chunk: Buffer) => {
      this.#said = `${this.#said}${chunk}`.slice(-1000);
    });
    stdin.on("error", () => undefined);
    this.#child.on("error", (cause) => this.destroy(spawnError(cause)));
    this.#child.on("close", (code) => {
      if (code !== 0 && code !== null)
        this.destroy(sshError(address, { reason: lastLine(this.#said) ?? `code ${code}`, code }));
      else this.push(null);
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    // A broken pipe says less than ssh's own words, which come with its end.
    this.#child.stdin.write(chunk, () => callback());
  }

  override _final(callback: () => void): void {
    this.#child.stdin.end(callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#child.kill();
    callback(error);
  }

  // What node:http asks of a socket beyond a stream.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    this.#child.ref();
    return this;
  }
  unref(): this {
    this.#child.unref();
    return this;
  }
}

function sshError(
  { host }: { host: string },
  { reason, code }: { reason: string; code: number },
): PlugctlError {
  return new PlugctlError("UNAVAILABLE", `ssh to ${host} failed: ${reason}`, {
    hint:
      code === NO_SUCH_PROGRAM
        ? "its command line connects to the engine: install docker's (docker-cli) or Podman's there"
        : `"ssh ${host} docker version" must work without a password`,
    details: { host, exitCode: code },
  });
}

function spawnError(cause: Error): PlugctlError {
  return new PlugctlError("UNAVAILABLE", `ssh cannot be run: ${cause.message}`, {
    hint: "install an ssh client (openssh-client)",
    cause,
  });
}

const lastLine = (text: string) => text.trim().split(/\r?\n/).at(-1) || undefined;
