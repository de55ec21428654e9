import {
  conflictError,
  type ErrorCode,
  type ErrorOptions,
  invalidError,
  isPlugctlError,
  notFoundError,
  PlugctlError,
} from "../../core/errors.ts";

/** What was asked for, for the sentence of an error. */
export interface Asked {
  target: string;
  brokers: readonly string[];
  topic?: string | undefined;
  group?: string | undefined;
}

/** What kafkajs throws, as far as it is looked at. */
export interface KafkaFailure extends Error {
  /** The protocol's word for an error of a broker. */
  type?: string;
  retriable?: boolean;
  code?: unknown;
  cause?: unknown;
  errors?: unknown[];
  groups?: { errorCode?: number; error?: unknown }[];
  host?: string;
  port?: number;
}

/** The failure itself: kafkajs wraps it in how often it tried, or in a list of those of several things. */
export function rootFailure(thrown: unknown): KafkaFailure {
  const error = (thrown instanceof Error ? thrown : new Error(String(thrown))) as KafkaFailure;
  const inner = error.errors?.[0] ?? error.groups?.find(({ error }) => error !== undefined)?.error;
  if (inner !== undefined) return rootFailure(inner);
  const wrapped =
    error.name === "KafkaJSNumberOfRetriesExceeded" || error.name === "KafkaJSNonRetriableError";
  return wrapped && error.cause instanceof Error ? rootFailure(error.cause) : error;
}

const FORBIDDEN: ReadonlySet<string> = new Set([
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
]);

/** Refusals of what was given, by the protocol's word; `{}` is the topic. */
const REFUSALS: Readonly<Record<string, readonly [code: ErrorCode, message: string, hint?: string]>> = {
  INVALID_TOPIC_EXCEPTION: [
    "INVALID",
    "{} is no name for a topic",
    "1 to 249 letters, digits, '.', '_' or '-'; none that differs from another only in '.' and '_'",
  ],
  TOPIC_ALREADY_EXISTS: ["CONFLICT", "{} exists already"],
  INVALID_PARTITIONS: ["INVALID", "{} cannot have that number of partitions"],
  INVALID_REPLICATION_FACTOR: [
    "INVALID",
    "{} cannot have that replication factor",
    "a topic can have at most as many replicas as there are brokers",
  ],
  MESSAGE_TOO_LARGE: [
    "INVALID",
    "a message is larger than {} accepts",
    "plugctl kafka topics configs TOPIC shows max.message.bytes, and --set changes it",
  ],
  RECORD_LIST_TOO_LARGE: ["INVALID", "a batch of messages is larger than {} accepts"],
  INVALID_RECORD: [
    "INVALID",
    "{} refuses a message",
    "a topic that is compacted takes messages with a key only",
  ],
  INVALID_TIMESTAMP: ["INVALID", "{} refuses the timestamp of a message"],
  UNSUPPORTED_COMPRESSION_TYPE: ["INVALID", "the brokers do not take that compression"],
  TOPIC_DELETION_DISABLED: ["FORBIDDEN", "the brokers delete no topics (delete.topic.enable)"],
  POLICY_VIOLATION: ["FORBIDDEN", "a policy of the brokers forbids it"],
  UNSUPPORTED_SASL_MECHANISM: [
    "UNAUTHENTICATED",
    "the brokers do not take this way of signing in",
    "plugctl target add --sasl takes plain, scram-sha-256 and scram-sha-512",
  ],
};

/** Anything that kafkajs throws in words of the taxonomy. What is of it already stays as it is. */
export function toKafkaError(thrown: unknown, asked: Asked): PlugctlError {
  if (isPlugctlError(thrown)) return thrown;
  const failure = rootFailure(thrown);
  const options: ErrorOptions = { cause: failure, details: { target: asked.target } };
  const { type = "", name, message } = failure;
  const topic = asked.topic === undefined ? "the topic" : `topic "${asked.topic}"`;
  if (FORBIDDEN.has(type)) {
    const what = type.startsWith("GROUP") ? groupOf(asked) : type.startsWith("TOPIC") ? topic : "the cluster";
    return new PlugctlError("FORBIDDEN", `you may not do that with ${what} of ${asked.target}`, options);
  }
  const refusal = REFUSALS[type];
  if (refusal !== undefined) {
    const [code, text, hint] = refusal;
    return new PlugctlError(code, text.replace("{}", topic), { ...options, hint });
  }
  switch (type) {
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return notFoundError(`there is no ${topic.replace(/^the /, "such ")} on ${asked.target}`, {
        ...options,
        hint: `plugctl kafka topics list -t ${asked.target} shows those that there are`,
      });
    case "GROUP_ID_NOT_FOUND":
      return notFoundError(`there is no ${groupOf(asked)} on ${asked.target}`, options);
    case "NON_EMPTY_GROUP":
    case "UNKNOWN_MEMBER_ID":
      return conflictError(`${groupOf(asked)} has members`, { ...options, hint: "stop its consumers first" });
    case "INVALID_CONFIG":
    case "INVALID_REQUEST":
      return invalidError(`${asked.target} refuses it: ${message}`, options);
    case "SASL_AUTHENTICATION_FAILED":
      return unauthenticated(asked, options);
  }
  if (name === "KafkaJSSASLAuthenticationError") return unauthenticated(asked, options);
  if (name === "KafkaJSServerDoesNotSupportApiKey") {
    return new PlugctlError("UNSUPPORTED", `the brokers of ${asked.target} cannot do that`, options);
  }
  if (name === "KafkaJSRequestTimeoutError" || name === "KafkaJSTimeout" || type === "REQUEST_TIMED_OUT") {
    return new PlugctlError("TIMEOUT", `the brokers of ${asked.target} did not answer in time`, options);
  }
  if (type === "" && isConnectionFailure(failure)) return unreachable(asked, failure, options);
  return new PlugctlError("BACKEND", `${asked.target} failed: ${message}`, options);
}

/** The connection was refused, lost or never came about. */
export const isConnectionFailure = ({ name, code }: KafkaFailure): boolean =>
  /^KafkaJS(?:Connection|ConnectionClosed|NoBrokerAvailable|BrokerNotFound|LockTimeout)/.test(name) ||
  (typeof code === "string" && /^E[A-Z]+$/.test(code));

const groupOf = ({ group }: Asked) => (group === undefined ? "the group" : `group "${group}"`);

const unauthenticated = ({ target }: Asked, options: ErrorOptions) =>
  new PlugctlError("UNAUTHENTICATED", `${target} refuses the user or the password`, {
    ...options,
    hint: `sign in with plugctl login -t ${target}`,
  });

function unreachable({ target, brokers }: Asked, { message }: KafkaFailure, options: ErrorOptions) {
  const reason = message.replace(/^Connection error: /, "").replace(/^Failed to connect: /, "");
  const hint = /wrong version number|packet length too long/i.test(reason)
    ? "the broker speaks no TLS there; add the target without --tls"
    : /self[- ]signed|unable to (?:verify|get)|certificate/i.test(reason)
      ? "--ca FILE of plugctl target add names the authority that signed the broker's certificate"
      : /Closed connection|socket hang up|ECONNRESET/i.test(reason)
        ? "a broker that wants TLS or a sign-in closes the connection; see --tls and --sasl of plugctl target add"
        : undefined;
  return new PlugctlError("UNAVAILABLE", `cannot reach ${target} at ${brokers.join(", ")}: ${reason}`, {
    ...options,
    hint,
  });
}
