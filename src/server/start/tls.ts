import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { generate } from "selfsigned";
import { configError } from "../../core/errors.ts";
import { DATA_FILES } from "../storage/data-directory.ts";
import { makeDurableDirectory, writeDurableFile } from "../storage/durable.ts";

const VALID_DAYS = 825;
const RENEW_BEFORE_MS = 30 * 86_400_000;

export type TlsOption = { certFile: string; keyFile: string } | "self-signed";

export interface TlsPair {
  cert: Buffer;
  key: Buffer;
  /** For clients that must be told whom to trust. */
  caFile?: string;
}

async function readPair(certFile: string, keyFile: string): Promise<TlsPair> {
  const read = (file: string) =>
    readFile(file).catch((cause: unknown) => {
      throw configError(`the TLS file ${file} cannot be read`, { cause });
    });
  // In turn: of two files that are not there it is always the certificate that is named.
  const cert = await read(certFile);
  const key = await read(keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw configError(`${certFile} and ${keyFile} are not a certificate and its private key`, { cause });
  }
  return { cert, key };
}

/** True when the kept certificate names the host and will not expire soon. */
function isGood(cert: Buffer, host: string): boolean {
  const certificate = new X509Certificate(cert);
  const named = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  return named !== undefined && Date.parse(certificate.validTo) - Date.now() > RENEW_BEFORE_MS;
}

async function generatePair(host: string): Promise<{ cert: string; private: string }> {
  const names = new Set(["localhost", "127.0.0.1", "::1", hostname(), host]);
  const altNames = [...names].map((name) =>
    isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  );
  return generate([{ name: "commonName", value: "plugctl" }], {
    keyType: "ec",
    algorithm: "sha256",
    notAfterDate: new Date(Date.now() + VALID_DAYS * 86_400_000),
    extensions: [
      { name: "basicConstraints", cA: false },
      { name: "keyUsage", digitalSignature: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames },
    ],
  });
}

/** The self-signed pair of the data directory; made once, and anew for another host or near its end. */
async function keepSelfSigned(dataDir: string, host: string): Promise<TlsPair> {
  const directory = join(dataDir, DATA_FILES.tls);
  const [certFile, keyFile] = [join(directory, "cert.pem"), join(directory, "key.pem")];
  // A certificate cannot name "every address": clients use one of the other names.
  const named = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const kept = await readPair(certFile, keyFile).catch(() => undefined);
  if (kept && isGood(kept.cert, named)) return { ...kept, caFile: certFile };
  const made = await generatePair(named);
  await makeDurableDirectory(directory);
  await writeDurableFile(keyFile, made.private, 0o600);
  await writeDurableFile(certFile, made.cert, 0o644);
  return { cert: Buffer.from(made.cert), key: Buffer.from(made.private), caFile: certFile };
}

/** @throws CONFIG for files that cannot be read or are no pair. */
export async function loadTls(option: TlsOption, dataDir: string, host: string): Promise<TlsPair> {
  return option === "self-signed" ? keepSelfSigned(dataDir, host) : readPair(option.certFile, option.keyFile);
}
