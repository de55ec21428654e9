/** Bytes that one step takes, as four words of four bytes. */
const STEP = 16;

/** A table of 256 entries for each byte of a step: the CRC of a byte that is followed by 0 to 15 others (slicing-by-16). */
const TABLES = makeTables();

/** Words are read as the machine has them; where that is not the order of the algorithm all goes byte by byte. */
const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
    tables[byte] = crc;
  }
  for (let entry = 256; entry < tables.length; entry++) {
    const previous = tables[entry - 256] as number;
    tables[entry] = (previous >>> 8) ^ (tables[previous & 0xff] as number);
  }
  return tables;
}

/** CRC-32C (Castagnoli) of `bytes` from `start` to `end`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let at = start;
  let crc = -1;
  if (LITTLE_ENDIAN && end - start >= 4 * STEP) {
    const aligned = at + (-(bytes.byteOffset + at) & 3);
    crc = byBytes(crc, bytes, at, aligned);
    const words = Math.floor((end - aligned) / STEP) * (STEP / 4);
    crc = byWords(crc, new Int32Array(bytes.buffer, bytes.byteOffset + aligned, words));
    at = aligned + words * 4;
  }
  return (byBytes(crc, bytes, at, end) ^ -1) >>> 0;
}

function byBytes(before: number, bytes: Uint8Array, start: number, end: number): number {
  let crc = before;
  for (let at = start; at < end; at++) {
    crc = value(TABLES, (crc ^ value(bytes, at)) & 0xff) ^ (crc >>> 8);
  }
  return crc;
}

/** Two to three times as fast: the words of a step do not wait for one another. */
function byWords(before: number, words: Int32Array): number {
  const t = TABLES;
  let crc = before;
  for (let at = 0; at < words.length; at += 4) {
    const a = crc ^ value(words, at);
    const b = value(words, at + 1);
    const c = value(words, at + 2);
    const d = value(words, at + 3);
    // biome-ignore format: one line a word
    crc =
      value(t, 3840 + (a & 0xff)) ^ value(t, 3584 + ((a >>> 8) & 0xff)) ^ value(t, 3328 + ((a >>> 16) & 0xff)) ^ value(t, 3072 + (a >>> 24)) ^
      value(t, 2816 + (b & 0xff)) ^ value(t, 2560 + ((b >>> 8) & 0xff)) ^ value(t, 2304 + ((b >>> 16) & 0xff)) ^ value(t, 2048 + (b >>> 24)) ^
      value(t, 1792 + (c & 0xff)) ^ value(t, 1536 + ((c >>> 8) & 0xff)) ^ value(t, 1280 + ((c >>> 16) & 0xff)) ^ value(t, 1024 + (c >>> 24)) ^
      value(t, 768 + (d & 0xff)) ^ value(t, 512 + ((d >>> 8) & 0xff)) ^ value(t, 256 + ((d >>> 16) & 0xff)) ^ value(t, d >>> 24);
  }
  return crc;
}

/** An element that is known to be there; inlined by the engine. */
const value = (array: Int32Array | Uint8Array, index: number) => array[index] as number;
