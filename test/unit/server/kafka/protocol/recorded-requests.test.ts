import { describe, expect, it } from "vitest";
import { messageCodec } from "../../../../../src/server/kafka/broker/protocol/codec.ts";
import { readClientId, readHeader } from "../../../../../src/server/kafka/broker/protocol/header.ts";
import { APIS } from "../../../../../src/server/kafka/broker/protocol/messages/index.ts";
import { Reader } from "../../../../../src/server/kafka/broker/protocol/reader.ts";
import { encodeRequest } from "../../../../helpers/kafka-messages.ts";
// Recorded on the wire between these clients and a broker, each producing, consuming in a group and administering.
import recorded from "./recorded-requests.json" with { type: "json" };

describe("a request that a client of others' made", () => {
  it.each(recorded)(
    "is read and written again byte by byte: $client $api v$version",
    ({ api: name, version, hex }) => {
      const api = APIS.find((candidate) => candidate.name === name);
      if (api === undefined) throw new Error(`no API ${name}`);
      const frame = Buffer.from(hex, "hex");
      const from = new Reader(frame);
      const { apiKey, apiVersion, correlationId } = readHeader(from);
      const clientId = readClientId(from, version >= api.flexible);
      const request = messageCodec(api, api.request, version).read(from);
      from.end();
      expect({ apiKey, apiVersion }).toEqual({ apiKey: api.key, apiVersion: version });
      expect(encodeRequest(api, version, request, { correlationId, clientId }).subarray(4)).toEqual(frame);
    },
  );
});
