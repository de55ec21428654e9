import type { Readable, Writable } from "node:stream";

interface Waiting {
  resolve: (result: never) => void;
  reject: (reason: Error) => void;
}

interface Message {
  id?: number;
  result?: never;
  error?: { message: string };
}

/** Calls of the Chrome DevTools Protocol over a pair of pipes: JSON messages, each ended by a zero byte. */
export class DevTools {
  readonly #output: Writable;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #failure: Error | undefined;

  constructor(output: Writable, input: Readable) {
    this.#output = output;
    let pending = "";
    input.setEncoding("utf8");
    input.on("data", (chunk: string) => {
      const messages = (pending + chunk).split("\0");
      pending = messages.pop() ?? "";
      for (const message of messages) this.#receive(JSON.parse(message) as Message);
    });
    const ended = () => this.fail(new Error("the browser has ended"));
    input.once("close", ended);
    input.once("error", ended);
    output.once("error", ended);
  }

  /** @throws Error with the browser's words, or when the browser has ended. */
  call<Result>(method: string, params: object = {}, sessionId?: string): Promise<Result> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  /** Rejects the calls that wait, and all later ones. */
  fail(reason: Error): void {
    this.#failure ??= reason;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  #receive({ id, result, error }: Message): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result as never);
    else waiting.reject(new Error(error.message));
  }
}
