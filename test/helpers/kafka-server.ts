import { kafkaModule } from "../../src/server/kafka/module.ts";
import type { KafkaOptions, Network } from "../../src/server/module.ts";
import { type Call, caller } from "./http-client.ts";
import { WireClient } from "./kafka-wire.ts";
import { type AppSettings, makeApp, type TestServer } from "./server-context.ts";

export interface KafkaServer extends TestServer {
  /** `host:port`. */
  readonly address: string;
  /** Calls the HTTP API as the administrator. */
  readonly root: Call;
  /** Makes a user with a role of these permissions. */
  addUser(login: string, password: string, permissions: readonly string[]): Promise<void>;
  /** Makes a token of the administrator's. */
  addToken(wanted: Record<string, unknown>): Promise<{ id: string; token: string }>;
  connect(): Promise<WireClient>;
}

/** A server with identity and the Kafka endpoint on a free port; it stops with the test. */
export async function startKafkaServer({
  kafka = {},
  tls,
  ...settings
}: AppSettings & { kafka?: KafkaOptions; tls?: Network["tls"] } = {}): Promise<KafkaServer> {
  const server = await makeApp({
    modules: [kafkaModule],
    scram: true,
    network: { host: "127.0.0.1", tls, anyPort: true },
    options: { kafka },
    ...settings,
  });
  const state = server.states.get("kafka");
  if (state?.state !== "ready") throw new Error(`the Kafka endpoint did not start: ${JSON.stringify(state)}`);
  const address = state.running.address ?? "";
  const [host = "", port = ""] = address.split(":");
  const root = caller(server.app, server.admin.headers.authorization);
  const make = async (url: string, body: unknown) => {
    const answer = await root("POST", url, body);
    if (answer.status !== 201) throw new Error(`${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    ...server,
    address,
    root,
    async addUser(login, password, permissions) {
      await make("roles", { id: `role-of-${login}`, description: "of a test", permissions });
      await make("users", { login, password, roles: [{ role: `role-of-${login}` }] });
    },
    addToken: (wanted) => make("tokens", wanted),
    connect: () => WireClient.connect({ host, port: Number(port) }),
  };
}
