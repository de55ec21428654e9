/** Eight tables of 256 entries in one array: the CRC of a byte that is followed by 0 to 7 others (slicing-by-8). */
const TABLES = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(8 * 256);
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
  const t = TABLES as unknown as { [index: number]: number };
  const b = bytes as unknown as { [index: number]: number };
  let crc = -1;
  let at = start;
  for (const last = end - 7; at < last; at += 8) {
    // biome-ignore format: one line a word of four bytes
    const low = crc ^ (at_(b, at) | (at_(b, at + 1) << 8) | (at_(b, at + 2) << 16) | (at_(b, at + 3) << 24));
    crc =
      at_(t, 1792 + (low & 0xff)) ^
      at_(t, 1536 + ((low >>> 8) & 0xff)) ^
      at_(t, 1280 + ((low >>> 16) & 0xff)) ^
      at_(t, 1024 + (low >>> 24)) ^
      at_(t, 768 + at_(b, at + 4)) ^
      at_(t, 512 + at_(b, at + 5)) ^
      at_(t, 256 + at_(b, at + 6)) ^
      at_(t, at_(b, at + 7));
  }
  for (; at < end; at++) crc = at_(t, (crc ^ at_(b, at)) & 0xff) ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** An element that is known to be there; inlined by the engine. */
const at_ = (array: { [index: number]: number }, index: number) => array[index] as number;
