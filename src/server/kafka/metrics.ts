import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Broker, Quotas, RequestObserver } from "./broker/index.ts";

/** Times requests by the name of their API; with what Fetch and JoinGroup wait for on purpose. */
export function requestMetrics(registry: Registry): RequestObserver {
  const durations = new Histogram({
    name: "plugctl_kafka_request_duration_seconds",
    help: "Time from a Kafka request to its answer, with what it waits for on purpose",
    labelNames: ["api"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  /** Looking a time series up by its labels costs more than the rest. */
  const known = new Map<string, Histogram.Internal<"api">>();
  return (api, milliseconds) => {
    const series = known.get(api) ?? durations.labels(api);
    known.set(api, series);
    series.observe(milliseconds / 1000);
  };
}

/** Counts the bytes that the quotas are asked about, and the waits that they impose. */
export function meteredQuotas(quotas: Quotas, registry: Registry): Quotas {
  const bytes = new Counter({
    name: "plugctl_kafka_record_bytes_total",
    help: "Bytes of records that clients sent and fetched, compressed as they were",
    labelNames: ["kind"],
    registers: [registry],
  });
  const throttled = new Counter({
    name: "plugctl_kafka_throttled_requests_total",
    help: "Requests after which a client had to wait for its quota",
    labelNames: ["kind"],
    registers: [registry],
  });
  const series = {
    produce: { bytes: bytes.labels("produce"), throttled: throttled.labels("produce") },
    fetch: { bytes: bytes.labels("fetch"), throttled: throttled.labels("fetch") },
  };
  return {
    record(kind, principal, clientId, count) {
      const wait = quotas.record(kind, principal, clientId, count);
      series[kind].bytes.inc(count);
      if (wait > 0) series[kind].throttled.inc();
      return wait;
    },
    fetchLimit: (principal, clientId) => quotas.fetchLimit(principal, clientId),
  };
}

/** What there is: connections, topics, partitions, and of these which take nothing more. */
export function brokerMetrics(broker: Broker, registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  gauge("plugctl_kafka_connections", "Open connections of Kafka clients", () => broker.connections());
  gauge("plugctl_kafka_topics", "Topics", () => countTopics(broker).topics);
  gauge("plugctl_kafka_partitions", "Partitions of all topics", () => countTopics(broker).partitions);
  gauge(
    "plugctl_kafka_read_only_partitions",
    "Partitions that take nothing more, since their disk failed",
    () => countTopics(broker).readOnly,
  );
}

export function countTopics({ topics }: Broker): { topics: number; partitions: number; readOnly: number } {
  const counted = { topics: 0, partitions: 0, readOnly: 0 };
  for (const { partitions } of topics.all()) {
    counted.topics++;
    counted.partitions += partitions.length;
    counted.readOnly += partitions.filter(({ isReadOnly }) => isReadOnly).length;
  }
  return counted;
}
