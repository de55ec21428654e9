import { join } from "node:path";
import { CODECS } from "../../../../src/core/kafka/compression.ts";
import type { ClientKind } from "./client.ts";
import { scriptClient } from "./script-client.ts";

/** Debian's, which finds Debian's modules. */
const PYTHON = "/usr/bin/python3";
const script = (name: string) => async () => [PYTHON, join(import.meta.dirname, name)] as const;

export const confluentPython: ClientKind = scriptClient({
  title: "confluent-kafka (Python)",
  packages: ["python3-confluent-kafka"],
  codecs: CODECS,
  program: script("confluent_python.py"),
});

export const kafkaPython: ClientKind = scriptClient({
  title: "kafka-python",
  packages: ["python3-kafka", "python3-snappy", "python3-lz4", "python3-zstandard"],
  codecs: CODECS,
  program: script("kafka_python.py"),
});
