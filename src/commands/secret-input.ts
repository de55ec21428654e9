import { randomInt } from "node:crypto";
import { addAbortSignal } from "node:stream";
import { invalidError, usageError } from "../core/errors.ts";
import type { Host } from "../host.ts";

/** Of what is read from stdin as one secret. */
const MAX_BYTES = 65_536;

/** One line from stdin. @throws USAGE when stdin is a terminal, empty or too long. */
export async function readSecretLine({ terminal, signal }: Host): Promise<string> {
  if (terminal.stdin.isTTY) throw usageError("stdin is a terminal, and a secret was to be piped in");
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(signal, terminal.stdin)) {
    const piece = Buffer.from(chunk);
    size += piece.length;
    if (size > MAX_BYTES) throw usageError("stdin holds more than a secret");
    pieces.push(piece);
  }
  const [line = ""] = Buffer.concat(pieces).toString("utf8").split(/\r?\n/);
  if (line === "") throw usageError("stdin is empty");
  return line;
}

export interface PasswordOptions {
  passwordStdin?: boolean | undefined;
  generatePassword?: boolean | undefined;
}

/** A new password from where the options say, asked for twice by default. `generated` is to be shown, once. */
export async function newPassword(
  host: Host,
  login: string,
  { passwordStdin, generatePassword }: PasswordOptions,
): Promise<{ password: string; generated: boolean }> {
  if (passwordStdin && generatePassword) {
    throw usageError("--password-stdin and --generate-password exclude each other");
  }
  if (generatePassword) return { password: generate(), generated: true };
  if (passwordStdin) return { password: await readSecretLine(host), generated: false };
  const flag = "--password-stdin or --generate-password";
  const password = await host.prompt.secret(`New password of ${login}:`, flag);
  const again = await host.prompt.secret("The same again:", flag);
  if (password !== again) throw invalidError("the two passwords differ");
  return { password, generated: false };
}

/** Letters and digits that are not taken for one another. */
const ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";

/** 24 characters of 56: 139 bits. */
const generate = () => Array.from({ length: 24 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
