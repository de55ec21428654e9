import { crc32, createInflateRaw } from "node:zlib";
import { Problem } from "../../http/problem.ts";

/** Name and comment may be of any length by the format; nobody needs more. */
const HEADER_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;

const damaged = (why: string, cause?: unknown) =>
  new Problem(400, "bad_archive", `the archive is damaged: ${why}`, { cause });

/**
 * Inflates exactly one gzip member (RFC 1952). `node:zlib` alone would go on with a second member, or ignore what
 * follows: both are refused here, so that the bytes a digest covers are the bytes that were read.
 *
 * @param onProgress called for each chunk with the packed bytes consumed and the bytes unpacked so far; may throw.
 * @throws Problem 400 `bad_archive`; whatever the source or `onProgress` throws.
 */
export async function* gunzip(
  source: AsyncIterable<Uint8Array>,
  onProgress: (packed: number, unpacked: number) => void,
): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw();
  let trailer = Buffer.alloc(0);

  async function feed(): Promise<void> {
    let header: Buffer | undefined = Buffer.alloc(0);
    let fed = 0;
    let ended = false;
    const write = (chunk: Uint8Array) =>
      new Promise<void>((resolve, reject) =>
        inflate.write(chunk, (error) => (error ? reject(error) : resolve())),
      );
    for await (const bytes of source) {
      let chunk = bytes;
      if (header !== undefined) {
        header = Buffer.concat([header, chunk]);
        const length = headerLength(header);
        if (length === undefined) continue;
        chunk = header.subarray(length);
        header = undefined;
      }
      if (!ended && chunk.length > 0) {
        await write(chunk);
        fed += chunk.length;
        // What inflate leaves untouched comes after the last deflate block.
        const left = fed - inflate.bytesWritten;
        if (left === 0) continue;
        ended = true;
        chunk = chunk.subarray(chunk.length - left);
      }
      trailer = Buffer.concat([trailer, chunk]);
      if (trailer.length > TRAILER_BYTES) throw damaged("something follows the end of the gzip data");
    }
    if (header !== undefined) throw damaged("it ends within the gzip header");
    await new Promise<void>((resolve) => inflate.end(resolve));
  }

  const feeding = feed();
  feeding.catch((error: Error) => inflate.destroy(error));
  let crc = 0;
  let unpacked = 0;
  try {
    for await (const chunk of inflate as AsyncIterable<Buffer>) {
      crc = crc32(chunk, crc);
      unpacked += chunk.length;
      onProgress(inflate.bytesWritten, unpacked);
      yield chunk;
    }
    await feeding;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code?.startsWith("Z_")) throw damaged((error as Error).message, error);
    throw error;
  } finally {
    inflate.destroy();
  }
  if (trailer.length < TRAILER_BYTES) throw damaged("it is cut off");
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== unpacked % 2 ** 32) {
    throw damaged("the gzip checksum does not fit the content");
  }
}

/** Bytes of the member's header, or undefined while more of it is to come. */
function headerLength(bytes: Buffer): number | undefined {
  if (bytes.length < 10) return undefined;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw damaged("it is not gzip data");
  const flags = bytes.readUInt8(3);
  let length = 10;
  if (flags & 0x04) {
    if (bytes.length < length + 2) return undefined;
    length += 2 + bytes.readUInt16LE(length);
  }
  for (const flag of [0x08, 0x10]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, length);
    if (end < 0) return overlong(bytes);
    length = end + 1;
  }
  if (flags & 0x02) length += 2;
  return bytes.length < length ? overlong(bytes) : length;
}

function overlong(bytes: Buffer): undefined {
  if (bytes.length > HEADER_BYTES) throw damaged("its gzip header is too long");
  return undefined;
}
