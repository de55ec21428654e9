import { z } from "zod";
import { KINDS } from "../core/plugin.ts";
import { RESERVED_PREFIXES } from "../core/reference.ts";
import { parseDuration } from "./duration.ts";

/** `local-store`: letters, digits, `.`, `_`, `-`; not a word that may stand before a colon in a source. */
export const targetNameSchema = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9._-]{0,62}$/,
    "must be 1 to 63 letters, digits, '.', '_' or '-', starting with a letter",
  )
  .refine((name) => !RESERVED_PREFIXES.has(name), "is a reserved word");

/** Where the credential of a target comes from when it is not in the credentials file. User file only. */
const credentialSchema = z.union([
  z.strictObject({ env: z.string().min(1) }),
  z.strictObject({ command: z.array(z.string().min(1)).min(1) }),
]);
export type CredentialSource = z.infer<typeof credentialSchema>;

export const targetSchema = z.strictObject({
  kind: z.enum(KINDS),
  /** `http:`, `https:` or `unix:` endpoint. */
  url: z
    .string()
    .refine(isEndpoint, "must be a URL such as https://store.example.com or unix:///run/plugctl.sock"),
  /** PEM file of the authority that signed the endpoint's certificate. */
  ca: z.string().min(1).optional(),
  credential: credentialSchema.optional(),
  /** Data directory of the plugctl server that wrote this target and keeps its address current. */
  dataDir: z.string().min(1).optional(),
});
export type TargetConfig = z.infer<typeof targetSchema>;

const duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, "must be a duration such as 30s or 5m");

export const configSchema = z.strictObject({
  version: z.literal(1).optional(),
  /** Name of the default target. */
  target: z.string().optional(),
  output: z.enum(["table", "json", "jsonl", "yaml", "name"]).optional(),
  color: z.enum(["auto", "always", "never"]).optional(),
  timeout: duration.optional(),
  targets: z.record(targetNameSchema, targetSchema).optional(),
});
export type ConfigData = z.infer<typeof configSchema>;

function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return ["http:", "https:", "unix:"].includes(url.protocol);
}
