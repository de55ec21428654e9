import { crc32c } from "../records/crc32c.ts";

/**
 * Frames of a journal: u32 length of the payload, u32 CRC-32C over version and payload, u16 version, payload. No payload
 * is empty, so that a tail of zeros, which some file systems leave behind, is no frame.
 */
const HEADER_BYTES = 10;
const VERSION_AT = 8;

export interface Frame {
  version: number;
  payload: Buffer;
}

export function encodeFrame({ version, payload }: Frame): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.writeUInt16BE(version, VERSION_AT);
  frame.set(payload, HEADER_BYTES);
  frame.writeUInt32BE(crc32c(frame, VERSION_AT), 4);
  return frame;
}

/** The frame at `offset` and where the next begins; undefined where there is no whole and correct one. */
export function decodeFrame(bytes: Buffer, offset: number): { frame: Frame; end: number } | undefined {
  if (bytes.length - offset <= HEADER_BYTES) return undefined;
  const length = bytes.readUInt32BE(offset);
  const start = offset + HEADER_BYTES;
  const end = start + length;
  if (length === 0 || end > bytes.length) return undefined;
  if (bytes.readUInt32BE(offset + 4) !== crc32c(bytes, offset + VERSION_AT, end)) return undefined;
  return {
    frame: { version: bytes.readUInt16BE(offset + VERSION_AT), payload: bytes.subarray(start, end) },
    end,
  };
}
