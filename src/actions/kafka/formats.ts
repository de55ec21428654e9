import type { Format } from "../../core/kafka/formats.ts";

/** What was written, and how, which is not as it was asked for where the bytes do not fit. */
export interface Written {
  value: unknown;
  format: Format | null;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Numbers that JavaScript may not hold; whoever looks further tells. */
const LONG_NUMBER = /\d{16}|\d[eE]|\.\d{15}/;

/**
 * Bytes in a format, or in the next that can show them without loss: JSON that is none, or has numbers that would be
 * rounded, as text; text that is not UTF-8 as hex.
 */
export function write(bytes: Buffer | null, format: Format): Written {
  if (bytes === null) return { value: null, format: null };
  if (format === "hex") return { value: bytes.toString("hex"), format };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { value: bytes.toString("hex"), format: "hex" };
  }
  const json = format === "json" ? parseExactly(text) : undefined;
  return json === undefined ? { value: text, format: "text" } : { value: json.value, format: "json" };
}

/** Text in a format as bytes. @throws Error whose message says what was expected. */
export function read(value: unknown, format: Format): Buffer | null {
  if (value === null || value === undefined) return null;
  if (format === "json") return Buffer.from(JSON.stringify(value));
  if (typeof value !== "string") throw new Error("must be a string");
  if (format === "text") return Buffer.from(value);
  if (/^(?:[0-9a-f]{2})*$/i.test(value)) return Buffer.from(value, "hex");
  throw new Error("must be hex: two of 0 to 9 and a to f for each byte");
}

function parseExactly(text: string): { value: unknown } | undefined {
  try {
    if (!LONG_NUMBER.test(text)) return { value: JSON.parse(text) };
    let exact = true;
    const value = JSON.parse(text, (_, parsed, context?: { source?: string }) => {
      if (typeof parsed === "number" && !isExact(parsed, context?.source)) exact = false;
      return parsed;
    });
    return exact ? { value } : undefined;
  } catch {
    return undefined;
  }
}

/** The number has the value that its text says, as far as its digits go. */
function isExact(parsed: number, source: string | undefined): boolean {
  if (source === undefined) return true;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(parsed) || BigInt(source) === BigInt(parsed);
  return Number.isFinite(parsed);
}
