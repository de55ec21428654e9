import { invalidError } from "../../core/errors.ts";

const NEWLINE = 10;
const RETURN = 13;

/** The longest line, in bytes: more than any broker takes as a message. */
export const LONGEST_LINE = 64 * 1024 * 1024;

/**
 * The lines of a stream without their ends, as many at a time as have come. A last line that does not end is one too.
 * The lines are parts of the stream's pieces, not copies. @throws INVALID for a line that is longer than any message.
 */
export async function* linesOf(input: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let count = 0;
  for await (const chunk of input) {
    const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      const tail = piece.subarray(start, end);
      lines.push(withoutReturn(rest.length === 0 ? tail : Buffer.concat([...rest, tail])));
      if (rest.length > 0) [rest, restBytes] = [[], 0];
      start = end + 1;
    }
    if (start < piece.length) {
      rest.push(piece.subarray(start));
      restBytes += piece.length - start;
      if (restBytes > LONGEST_LINE) {
        throw invalidError(`line ${count + lines.length + 1} is longer than ${LONGEST_LINE} bytes`);
      }
    }
    count += lines.length;
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [withoutReturn(Buffer.concat(rest))];
}

const withoutReturn = (line: Buffer): Buffer =>
  line.length > 0 && line[line.length - 1] === RETURN ? line.subarray(0, -1) : line;
