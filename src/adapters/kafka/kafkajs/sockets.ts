import type { Socket } from "node:net";
import type { ISocketFactory } from "kafkajs";
import kafkajsSockets from "kafkajs/src/network/socketFactory.js";

/** The connections that kafkajs makes: it leaves some open, or makes new ones, after it was told to disconnect. */
export class Sockets {
  readonly #open = new Set<Socket>();
  readonly #make = kafkajsSockets();
  #closed = false;

  readonly factory: ISocketFactory = (options) => {
    const socket = this.#make(options);
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    if (this.#closed) socket.destroy();
    return socket;
  };

  /** Ends what is open, and whatever is begun from now on. */
  close(): void {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
  }
}
