// zod/mini is taken apart by the bundler to what is used here; the whole of zod would be parsed at every start.
import * as z from "zod/mini";
import en from "zod/v4/locales/en.js";
import { isBroker, SASL_MECHANISMS } from "../core/kafka/target.ts";
import { KINDS } from "../core/plugin.ts";
import { RESERVED_PREFIXES } from "../core/reference.ts";
import { parseDuration } from "./duration.ts";

z.config(en());

const filled = z.string().check(z.minLength(1));

/** `local-store`: letters, digits, `.`, `_`, `-`; not a word that may stand before a colon in a source. */
export const targetNameSchema = z.string().check(
  z.regex(
    /^[A-Za-z][A-Za-z0-9._-]{0,62}$/,
    "must be 1 to 63 letters, digits, '.', '_' or '-', starting with a letter",
  ),
  z.refine((name) => !RESERVED_PREFIXES.has(name), "is a reserved word"),
);

/** Where the credential of a target comes from when it is not in the credentials file. User file only. */
const credentialSchema = z.union([
  z.strictObject({ env: filled }),
  z.strictObject({ command: z.array(filled).check(z.minLength(1)) }),
]);
export type CredentialSource = z.infer<typeof credentialSchema>;

const ENDPOINTS: ReadonlySet<string> = new Set(["http:", "https:", "unix:", "tcp:", "kafka:"]);

/** What only targets of kind `container` have. */
const containerSchema = z.strictObject({
  /** The URL is that of a Thinger.io server, or of another that answers its API, instead of an engine's. */
  thinger: z.optional(z.boolean()),
  /** Whose plugins these are; default: `plugctl`. */
  user: z.optional(
    z
      .string()
      .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$/, "must be 1 to 32 letters, digits, '_' or '-'")),
  ),
  /** The engine is a Swarm manager: a plugin becomes a service. */
  swarm: z.optional(z.boolean()),
  /** PEM files of a client's certificate and its key. */
  cert: z.optional(filled),
  key: z.optional(filled),
  /** Where `search` and `install` look: folders, git repositories and URLs of indexes. */
  catalogues: z.optional(z.array(filled)),
  /** Host name at which users reach the plugins; default: the engine's. */
  host: z.optional(filled),
});

/** What only targets of kind `deb` have. */
const debSchema = z.strictObject({
  /** The message bus of a wazo-plugind, which tells how its tasks go. */
  amqp: z.optional(
    z
      .string()
      .check(
        z.refine(
          isMessageBus,
          "must be a URL such as amqp://guest@host:5672, without a password (PLUGCTL_AMQP_PASSWORD holds it)",
        ),
      ),
  ),
  /** wazo-auth, where it has an address of its own. */
  auth: z.optional(
    z
      .string()
      .check(
        z.refine(
          (text) => isEndpoint(text) && /^https?:/.test(text),
          "must be a URL such as http://host:9497",
        ),
      ),
  ),
});

/** What only targets of kind `kafka` have. */
const kafkaSchema = z.strictObject({
  /** Brokers beside the one of the URL. */
  brokers: z.optional(
    z.array(z.string().check(z.refine(isBroker, "must be HOST:PORT, such as broker.example.com:9092"))),
  ),
  tls: z.optional(z.boolean()),
  /** PEM files of a client's certificate and its key. */
  cert: z.optional(filled),
  key: z.optional(filled),
  sasl: z.optional(z.enum(SASL_MECHANISMS)),
  /** Who signs in with a credential that plugctl login has not stored. */
  user: z.optional(filled),
});

export const targetSchema = z.strictObject({
  kind: z.enum(KINDS),
  /** `http:`, `https:` or `unix:` endpoint; engines also `tcp:`, `ssh:` and `docker-context:NAME`; brokers `kafka:`. */
  url: z
    .string()
    .check(
      z.refine(isEndpoint, "must be a URL such as https://store.example.com or unix:///run/plugctl.sock"),
    ),
  container: z.optional(containerSchema),
  deb: z.optional(debSchema),
  kafka: z.optional(kafkaSchema),
  /** PEM file of the authority that signed the endpoint's certificate. */
  ca: z.optional(filled),
  credential: z.optional(credentialSchema),
  /** Data directory of the plugctl server that wrote this target and keeps its address current. */
  dataDir: z.optional(filled),
});
export type TargetConfig = z.infer<typeof targetSchema>;

const duration = z
  .string()
  .check(z.refine((text) => parseDuration(text) !== undefined, "must be a duration such as 30s or 5m"));

export const configSchema = z.strictObject({
  version: z.optional(z.literal(1)),
  /** Name of the default target. */
  target: z.optional(z.string()),
  output: z.optional(z.enum(["table", "json", "jsonl", "yaml", "name"])),
  color: z.optional(z.enum(["auto", "always", "never"])),
  timeout: z.optional(duration),
  targets: z.optional(z.record(targetNameSchema, targetSchema)),
});
export type ConfigData = z.infer<typeof configSchema>;

function isEndpoint(text: string): boolean {
  if (/^docker-context:[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(text)) return true;
  const url = URL.parse(text);
  if (url === null || url.password !== "") return false;
  if (url.protocol === "kafka:") return text === `kafka://${url.host}` && isBroker(url.host);
  return url.protocol === "ssh:" || (url.username === "" && ENDPOINTS.has(url.protocol));
}

function isMessageBus(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^amqps?:$/.test(url.protocol) && url.hostname !== "" && url.password === "";
}
