// The broker in a process of its own, so that the test can kill it. Arguments: its data directory, and its port or 0.
import { openLogStore, startBroker } from "../../../../src/server/kafka/broker/index.ts";

const [dataDir = "", port = "0"] = process.argv.slice(2);
const say = (what: unknown, message = "") => process.stderr.write(`${message} ${JSON.stringify(what)}\n`);
const broker = await startBroker({
  dataDir,
  listeners: [{ host: "127.0.0.1", port: Number(port) }],
  fsync: "always",
  openLogs: openLogStore,
  log: { debug() {}, info() {}, warn: say, error: say },
});
process.stdout.write(`${broker.addresses[0]?.port}\n`);
