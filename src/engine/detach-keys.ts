import { Transform, type TransformCallback } from "node:stream";

const CTRL_P = 0x10;
const CTRL_Q = 0x11;

/**
 * Passes on what is typed and looks for Ctrl-P Ctrl-Q, which leaves a terminal while its program goes on. Engines look
 * for it too, but some of them then count the program as failed. A Ctrl-P waits for the next key.
 */
export class DetachKeys extends Transform {
  readonly #onPressed: () => void;
  #held = false;
  /** They were pressed; nothing is passed on any more. */
  pressed = false;

  constructor(onPressed: () => void) {
    super();
    this.#onPressed = onPressed;
  }

  override _transform(typed: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (!this.pressed) this.#pass(typed);
    done();
  }

  #pass(typed: Buffer): void {
    const whole = this.#held ? Buffer.concat([Buffer.of(CTRL_P), typed]) : typed;
    const at = whole.indexOf(Buffer.of(CTRL_P, CTRL_Q));
    this.pressed = at >= 0;
    this.#held = !this.pressed && whole.at(-1) === CTRL_P;
    const passed = this.pressed
      ? whole.subarray(0, at)
      : whole.subarray(0, whole.length - (this.#held ? 1 : 0));
    if (passed.length > 0) this.push(passed);
    if (this.pressed) this.#onPressed();
  }

  override _flush(done: TransformCallback): void {
    if (this.#held) this.push(Buffer.of(CTRL_P));
    done();
  }
}
