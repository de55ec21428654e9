// The server of a test in a process of its own, so that the test can kill it. Options are JSON in the first argument.
import { startServer } from "../../src/server/index.ts";

const options = JSON.parse(process.argv[2] ?? "{}");
const server = await startServer({
  host: "127.0.0.1",
  port: 0,
  version: "0.0.0-test",
  only: ["deb"],
  logLevel: "error",
  ...options,
});
process.stdout.write(`${JSON.stringify({ url: server.http, token: server.firstStart?.token })}\n`);
process.once("SIGTERM", () => void server.stop().then(() => process.exit(0)));
