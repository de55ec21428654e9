import { apiVersions } from "../../../../src/server/kafka/broker/protocol/messages/api-versions.ts";
import { metadata } from "../../../../src/server/kafka/broker/protocol/messages/metadata.ts";
import { encodeRequest } from "../../../helpers/kafka-messages.ts";

/** Bytes that are no request which a broker serves. */
export interface OddFrame {
  readonly title: string;
  readonly bytes: Buffer;
}

const asked = encodeRequest(metadata, 12, { topics: [], allowAutoTopicCreation: false });

/** The request with other numbers at the places of API and version. */
function addressed(apiKey: number, version: number): Buffer {
  const frame = Buffer.from(asked);
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt16BE(version, 6);
  return frame;
}

/** A frame of these bytes. */
function framed(bytes: Buffer, size = bytes.length): Buffer {
  const frame = Buffer.alloc(4 + bytes.length);
  frame.writeInt32BE(size, 0);
  frame.set(bytes, 4);
  return frame;
}

const named = { clientSoftwareName: "a", clientSoftwareVersion: "1" };

export const ODD_FRAMES: readonly OddFrame[] = [
  { title: "an API that nobody has", bytes: addressed(999, 0) },
  { title: "a negative API", bytes: addressed(-1, 0) },
  { title: "a version of an API that is yet to come", bytes: addressed(metadata.key, 99) },
  { title: "a negative version", bytes: addressed(metadata.key, -1) },
  { title: "Produce of a version that Kafka 4 no longer serves", bytes: addressed(0, 2) },
  { title: "Fetch of a version that Kafka 4 no longer serves", bytes: addressed(1, 3) },
  { title: "half of a request", bytes: framed(asked.subarray(4, -2)) },
  { title: "a header alone", bytes: framed(asked.subarray(4, 12)) },
  { title: "three bytes", bytes: framed(Buffer.alloc(3)) },
  { title: "an empty frame", bytes: framed(Buffer.alloc(0)) },
  { title: "a negative size", bytes: framed(Buffer.alloc(10), -1) },
  { title: "a size beyond the limit", bytes: framed(Buffer.alloc(10), 2_000_000_000) },
  { title: "a request of HTTP", bytes: Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") },
  {
    title: "a greeting of TLS",
    bytes: Buffer.from("16030100c8010000c40303", "hex"),
  },
  { title: "a list of topics that is longer than its frame", bytes: longList() },
  {
    title: "ApiVersions after its own refusal",
    bytes: Buffer.concat([later(), encodeRequest(apiVersions, 3, named)]),
  },
];

/** ApiVersions of a version that no broker knows. */
function later(): Buffer {
  const frame = encodeRequest(apiVersions, 3, named);
  frame.writeInt16BE(99, 6);
  return frame;
}

function longList(): Buffer {
  const frame = encodeRequest(metadata, 1, { topics: [] });
  frame.writeInt32BE(1_000_000, frame.length - 4);
  return frame;
}
