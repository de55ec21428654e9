/** Fills a place in the order of answers: with the buffers of one, or none where the protocol foresees no answer. */
export type Reply = (buffers: readonly Buffer[]) => void;

/** Lets answers out in the order of their requests, whichever is ready first. */
export class OrderedReplies {
  readonly #places: { buffers: readonly Buffer[] | undefined }[] = [];
  readonly #send: (buffers: readonly Buffer[]) => void;

  constructor(send: (buffers: readonly Buffer[]) => void) {
    this.#send = send;
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.#places.length;
  }

  /** Takes the next place. */
  next(): Reply {
    const place: { buffers: readonly Buffer[] | undefined } = { buffers: undefined };
    this.#places.push(place);
    return (buffers) => {
      place.buffers = buffers;
      this.#flush();
    };
  }

  #flush(): void {
    for (let first = this.#places[0]; first?.buffers !== undefined; first = this.#places[0]) {
      this.#places.shift();
      if (first.buffers.length > 0) this.#send(first.buffers);
    }
  }
}
