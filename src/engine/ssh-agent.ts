import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Agent } from "node:http";
import { Duplex } from "node:stream";
import { PlugctlError } from "../core/errors.ts";
import type { EngineAddress } from "./address.ts";

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
      ...["--", address.host, "docker", "system", "dial-stdio"],
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
    this.#child.on("error", (cause) => this.destroy(sshError(address, cause.message, cause)));
    this.#child.on("close", (code) => {
      if (code !== 0 && code !== null)
        this.destroy(sshError(address, lastLine(this.#said) ?? `code ${code}`));
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

function sshError({ host }: { host: string }, reason: string, cause?: Error): PlugctlError {
  return new PlugctlError("UNAVAILABLE", `ssh to ${host} failed: ${reason}`, {
    hint: `"ssh ${host} docker version" must work without a password`,
    cause,
  });
}

const lastLine = (text: string) => text.trim().split(/\r?\n/).at(-1) || undefined;
