import { Problem } from "../../http/problem.ts";

/**
 * The sha256 (hex) that the client states for its request body: `Content-Digest: sha-256=:<base64>:` (RFC 9530) or
 * `X-Checksum-Sha256: <hex>`. Undefined when it states none; other algorithms are passed over.
 * @throws Problem 400 `bad_request` when a header does not parse.
 */
export function statedDigest(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): string | undefined {
  const digest = headers["content-digest"];
  if (digest !== undefined) {
    const value = /(?:^|[,\s])sha-256=(?::([^:]*):)?/i.exec(String(digest));
    if (value !== null) {
      const hex = Buffer.from(value[1] ?? "", "base64").toString("hex");
      if (hex.length !== 64) throw new Problem(400, "bad_request", "Content-Digest: sha-256 is not a digest");
      return hex;
    }
  }
  const checksum = headers["x-checksum-sha256"];
  if (checksum === undefined) return undefined;
  const hex = String(checksum).toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) {
    throw new Problem(400, "bad_request", "X-Checksum-Sha256 is not a sha256 digest in hex");
  }
  return hex;
}
