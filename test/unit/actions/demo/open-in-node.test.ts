import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { openInNode } from "../../../../src/actions/demo/open-in-node.ts";

const GREETER = `
  class Card extends HTMLElement {
    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("p { color: red }");
      root.adoptedStyleSheets = [sheet];
      const words = document.createElement("p");
      words.textContent = "hello";
      const row = document.createElement("div");
      for (const name of ["one", "two"]) {
        const button = document.createElement("button");
        button.textContent = name;
        row.append(button);
      }
      root.replaceChildren(words, document.createElement("hr"), row);
    }
  }
  export async function initialize(api) {
    if (customElements.get("a-card") === undefined) customElements.define("a-card", Card);
    await api.regionManager.registerView("main", { id: "card", factory: async () => document.createElement("a-card") });
  }
  export async function dispose() {}
`;

const integrityOf = (code: string) => `sha384-${createHash("sha384").update(code).digest("base64")}`;

/** A store whose list names these modules; `listed` is the code that the integrity is of. */
async function storeWith(plugins: { id: string; code?: string; listed?: string }[]): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === "/list") {
      const list = plugins.map(({ id, code = "", listed = code }) => ({
        pluginId: id,
        pluginUrl: `${origin}/${id}.js`,
        version: "1.0.0",
        integrity: integrityOf(listed),
      }));
      response.end(JSON.stringify(list));
      return;
    }
    const plugin = plugins.find(({ id }) => request.url === `/${id}.js`);
    if (plugin?.code === undefined) response.writeHead(404);
    response.end(plugin?.code);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return `${origin}/list`;
}

const open = (listUrl: string) => openInNode(listUrl, new AbortController().signal);

test("a plugin's views are made, and what they show is read from their shadow trees", async () => {
  const page = await open(await storeWith([{ id: "greeter", code: GREETER }]));
  expect(page.plugins).toEqual([
    { id: "greeter", version: "1.0.0", state: "running", lines: ["hello", "one · two"] },
  ]);
});

test("a plugin that fails leaves the others working: missing, tampered with, throwing, not a plugin", async () => {
  const page = await open(
    await storeWith([
      { id: "missing" },
      { id: "tampered", code: `${GREETER}// more`, listed: GREETER },
      { id: "throwing", code: "export async function initialize() { throw new Error('no luck') }" },
      { id: "other", code: "export const answer = 42" },
      { id: "greeter", code: GREETER },
    ]),
  );
  expect(page.plugins.map(({ id, state }) => `${id} ${state}`)).toEqual([
    "missing failed",
    "tampered failed",
    "throwing failed",
    "other failed",
    "greeter running",
  ]);
  expect(page.plugins[1]?.lines[0]).toMatch(/is not the file that the store lists$/);
  expect(page.plugins[2]?.lines).toEqual(["no luck"]);
});

test("the globals of a page are gone afterwards", async () => {
  await open(await storeWith([{ id: "greeter", code: GREETER }]));
  for (const name of ["HTMLElement", "CSSStyleSheet", "customElements", "document"]) {
    expect(name in globalThis, name).toBe(false);
  }
});

test("a store that has no such list is an error", async () => {
  const listUrl = await storeWith([]);
  await expect(open(`${listUrl}-other`)).rejects.toThrow("the store answered 404");
});
