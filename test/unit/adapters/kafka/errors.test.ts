import { describe, expect, it } from "vitest";
import { toKafkaError } from "../../../../src/adapters/kafka/errors.ts";
import { notFoundError } from "../../../../src/core/errors.ts";

const asked = { target: "stream", brokers: ["a:9092", "b:9092"], topic: "orders", group: "billing" };
const failure = (fields: Record<string, unknown>) => Object.assign(new Error("it failed"), fields);

describe("failures of kafkajs", () => {
  it.each([
    [{ type: "UNKNOWN_TOPIC_OR_PARTITION" }, "NOT_FOUND", 'there is no topic "orders" on stream'],
    [{ type: "TOPIC_AUTHORIZATION_FAILED" }, "FORBIDDEN", 'topic "orders"'],
    [{ type: "GROUP_AUTHORIZATION_FAILED" }, "FORBIDDEN", 'group "billing"'],
    [{ type: "NON_EMPTY_GROUP" }, "CONFLICT", 'group "billing" has members'],
    [{ type: "MESSAGE_TOO_LARGE" }, "INVALID", "larger than topic"],
    [{ name: "KafkaJSSASLAuthenticationError" }, "UNAUTHENTICATED", "refuses the user or the password"],
    [{ name: "KafkaJSRequestTimeoutError" }, "TIMEOUT", "did not answer in time"],
    [{ name: "KafkaJSConnectionError", code: "ECONNREFUSED" }, "UNAVAILABLE", "a:9092, b:9092"],
    [{ name: "KafkaJSServerDoesNotSupportApiKey" }, "UNSUPPORTED", "cannot do that"],
    [{ type: "SOMETHING_NEW" }, "BACKEND", "stream failed: it failed"],
  ])("%j is %s", (fields, code, words) => {
    const error = toKafkaError(failure(fields), asked);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  it("are looked for in what kafkajs wraps them in", () => {
    const inner = failure({ type: "TOPIC_ALREADY_EXISTS" });
    const wrapped = failure({
      name: "KafkaJSNumberOfRetriesExceeded",
      cause: failure({ name: "KafkaJSAggregateError", errors: [inner] }),
    });
    expect(toKafkaError(wrapped, asked)).toMatchObject({ code: "CONFLICT", cause: inner });
    const groups = failure({ groups: [{ error: failure({ type: "GROUP_ID_NOT_FOUND" }) }] });
    expect(toKafkaError(groups, asked).code).toBe("NOT_FOUND");
  });

  it("are left alone where they are told already", () => {
    const known = notFoundError("known");
    expect(toKafkaError(known, asked)).toBe(known);
  });

  it.each([
    ["write EPROTO wrong version number", "without --tls"],
    ["self-signed certificate", "--ca FILE"],
    ["Closed connection", "--tls and --sasl"],
  ])("of a connection hint at what to do: %s", (message, words) => {
    const error = toKafkaError(Object.assign(new Error(message), { name: "KafkaJSConnectionError" }), asked);
    expect(error.hint).toContain(words);
  });
});
