import type { LogLine } from "../core/observation.ts";
import type { Frame } from "./frames.ts";

/** RFC 3339 with nanoseconds and a space, as engines put it before each line when asked to. */
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) ?/;

/** Longer ones come in pieces, so that a program that never ends its line does not fill the memory. */
const LINE_LIMIT = 1024 * 1024;

/** A line whose end has not come yet. */
interface Partial {
  at: string | null;
  text: string;
}

/**
 * Puts lines together from pieces of output. Engines cut lines longer than 16 kB into records, each with a stamp of its
 * own, and end only the last one with a newline.
 */
export class LogLines {
  readonly #plugin: string;
  readonly #partial = new Map<Frame["stream"], Partial>();
  readonly #decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };

  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  *push({ stream, data }: Frame): Generator<LogLine> {
    let rest = this.#decoders[stream].decode(data, { stream: true });
    while (rest !== "") {
      const newline = rest.indexOf("\n");
      const piece = newline < 0 ? rest : rest.slice(0, newline);
      rest = newline < 0 ? "" : rest.slice(newline + 1);
      const [stamp, at] = STAMP.exec(piece) ?? [];
      const before = this.#partial.get(stream);
      const text = (before?.text ?? "") + piece.slice(stamp?.length ?? 0);
      const since = before?.at ?? at ?? null;
      if (newline < 0 && text.length < LINE_LIMIT) this.#partial.set(stream, { at: since, text });
      else {
        this.#partial.delete(stream);
        yield this.#line(stream, since, text);
      }
    }
  }

  /** What is left when the output has ended without a newline. */
  *end(): Generator<LogLine> {
    for (const [stream, { at, text }] of this.#partial) yield this.#line(stream, at, text);
    this.#partial.clear();
  }

  #line(stream: Frame["stream"], at: string | null, text: string): LogLine {
    return {
      plugin: this.#plugin,
      stream,
      at: at === null ? null : toUtc(at),
      text: text.replace(/\r$/, ""),
    };
  }
}

/** As precise as it came; engines in other time zones write their offset. */
function toUtc(stamp: string): string {
  if (stamp.endsWith("Z")) return stamp;
  const fraction = /\.(\d+)/.exec(stamp)?.[1] ?? "";
  const seconds = new Date(stamp).toISOString().slice(0, 19);
  return `${seconds}${fraction === "" ? "" : `.${fraction}`}Z`;
}
