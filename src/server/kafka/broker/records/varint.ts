/**
 * Signed variable-length integers in zigzag form, as records are made of: seven bits a byte, lowest first. Numbers are
 * exact up to 2^53.
 */

/** Where reading goes on. */
export interface Cursor {
  at: number;
}

/** @throws RangeError where the bytes end too early, or the number has over 63 bits */
export function readVarint(bytes: Buffer, cursor: Cursor): number {
  let zigzag = 0;
  for (let scale = 1; scale <= 2 ** 56; scale *= 128) {
    const byte = bytes.readUInt8(cursor.at++);
    zigzag += (byte & 0x7f) * scale;
    if (byte < 0x80) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
  }
  throw new RangeError("a number of a record is too large");
}

export function varintSize(value: number): number {
  let size = 1;
  for (let left = zigzagOf(value); left >= 128; left = Math.floor(left / 128)) size++;
  return size;
}

/** @returns where the next byte goes */
export function writeVarint(bytes: Buffer, value: number, at: number): number {
  let left = zigzagOf(value);
  let to = at;
  for (; left >= 128; left = Math.floor(left / 128)) bytes[to++] = (left % 128) | 0x80;
  bytes[to++] = left;
  return to;
}

const zigzagOf = (value: number) => (value < 0 ? -2 * value - 1 : 2 * value);
