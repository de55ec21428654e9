import type { Terminal } from "./terminal.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/**
 * A few lines on a terminal that are drawn again and again in the same place. The last ones stay when it ends; the
 * cursor comes back however the process ends.
 */
export class LiveView implements Disposable {
  readonly #terminal: Terminal;
  /** Lines of the last drawing: how far up the next one begins. */
  #height = 0;
  readonly #showCursor = () => {
    this.#terminal.stdout.write(SHOW_CURSOR);
  };

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
    process.once("exit", this.#showCursor);
  }

  /** `text` ends each line with a line break; lines must fit the width, and those below the screen are left out. */
  async draw(text: string): Promise<void> {
    const most = Math.max(1, (this.#terminal.stdout.rows ?? 24) - 1);
    const lines = text.split("\n").slice(0, -1).slice(0, most);
    const up = this.#height === 0 ? HIDE_CURSOR : `\u001b[${this.#height}A\r`;
    this.#height = lines.length;
    await this.#terminal.print(
      `${up}${lines.map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_BELOW}`,
    );
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#showCursor);
    this.#showCursor();
  }
}
