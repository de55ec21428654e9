// Runs a program where 127.0.0.1:PORT leads to a Unix socket; ends with its exit code.
// usage: node relay-and-run.ts SOCKET PORT COMMAND…
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";

const [socket = "", port, program = "", ...args] = process.argv.slice(2);
const relay = createServer((client) => {
  const server = connect(socket);
  client.pipe(server).pipe(client);
  client.on("error", () => server.destroy());
  server.on("error", () => client.destroy());
});
relay.listen(Number(port), "127.0.0.1");
await once(relay, "listening");
const [code] = await once(spawn(program, args, { stdio: "inherit" }), "close");
process.exit(code ?? 1);
