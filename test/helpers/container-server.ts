import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { containerModule } from "../../src/server/container/module.ts";
import type { DockerEngine } from "./docker-engine.ts";
import type { Answer, Call } from "./http-client.ts";
import { writeFiles } from "./plugin-folder.ts";
import { makeApp, type TestServer } from "./server-context.ts";
import { makeTempDir } from "./temp-dir.ts";

/** A description for the image that `busyboxImage(…, {program: "http"})` makes. */
export const webEntry = (more: Record<string, unknown> = {}) => ({
  name: "web",
  version: "1.0.0",
  description: "A page",
  author: "Thinger.io",
  license: "MIT",
  metadata: { name: "Web", description: "A page", category: "development", image: "assets/web.svg" },
  tokens: { web_callback: { name: "Callback", allow: { Plugin: { web: ["CallPluginEndpoint"] } } } },
  task: {
    type: "docker",
    image: "web",
    user: "0:0",
    env: { PORT: "8080", GREETING: "hello {{THINGER_USER}}" },
  },
  interface: { main: { proxy_to: { plugin: "web", port: 8080 } } },
  ...more,
});

/** A device product: an entry without a container. */
export const productEntry = {
  name: "sensor",
  version: "2.0.0",
  description: "A sensor",
  metadata: { name: "Sensor", description: "A sensor", category: "devices", vendor: "acme", image: "a.png" },
  resources: { products: [{ product: "sensor", name: "Sensor", enabled: true, profile: {} }] },
};

export interface ContainerServer extends TestServer {
  url: string;
  call: Call;
  /** Changes a plugin's state as Thinger's API does; waits for the operation when it is one. @throws when it fails. */
  manage: (plugin: string, body: Record<string, unknown>) => Promise<Answer["body"]>;
  /** Folder of the marketplace. */
  marketplace: string;
}

/** The server over the test's engine, with a marketplace of the entries above. */
export async function makeContainerServer(
  engine: DockerEngine,
  settings: { publicUrl?: string; entries?: Record<string, object>; maxPlugins?: number } = {},
): Promise<ContainerServer> {
  const marketplace = await makeTempDir();
  const entries: Record<string, object> = { web: webEntry(), sensor: productEntry, ...settings.entries };
  for (const [folder, entry] of Object.entries(entries)) {
    await writeFiles(`${marketplace}/${folder}`, {
      "plugin.json": entry,
      "README.md": `# ${folder}`,
      "assets/web.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    });
  }
  const server = await makeApp({
    modules: [containerModule],
    options: { docker: engine.url, marketplaces: [marketplace], maxPlugins: settings.maxPlugins },
    ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
  });
  const state = server.states.get("container");
  if (state?.state !== "ready") throw new Error(`the module does not run: ${JSON.stringify(state)}`);
  await server.app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = server.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const call = callerOver(url, server.admin.headers.authorization);
  return {
    ...server,
    url,
    call,
    marketplace,
    async manage(plugin, body) {
      const { status, body: answer } = await call("POST", `/v1/users/admin/plugins/${plugin}`, body);
      if (status === 200) return answer;
      if (status !== 202) throw new Error(`${status} ${JSON.stringify(answer)}`);
      for (;;) {
        const { body: operation } = await call("GET", `operations/${answer.id}`);
        if (operation.state === "succeeded") return operation.result;
        if (operation.state !== "running") throw new Error(JSON.stringify(operation.error));
        await sleep(50);
      }
    },
  };
}

/** Calls routes through a real connection, which what leaves HTTP or streams needs. */
export function callerOver(url: string, authorization?: string): Call {
  return async (method, path, body) => {
    const answer = await fetch(path.startsWith("/") ? `${url}${path}` : `${url}/api/v1/${path}`, {
      method: String(method),
      redirect: "manual",
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") === true;
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      body: isJson && text !== "" ? JSON.parse(text) : text,
    };
  };
}
