/** A broker of the Kafka protocol with durable logs, for one machine: a library of its own within the server. */
export { type Broker, startBroker } from "./broker.ts";
export { openLogStore } from "./log/store.ts";
