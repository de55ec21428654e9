import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serveApp } from "../../src/actions/demo/app-server.ts";
import { findChromium } from "../../src/actions/demo/chromium.ts";
import { BuiltServer, DEMO_FILES } from "../helpers/built-plugctl.ts";

const executablePath = findChromium(process.env) ?? "";
if (executablePath === "") {
  process.stderr.write("skipped: browser tests need Chromium (Debian package: chromium)\n");
}

interface ListedPlugin {
  pluginId: string;
  pluginUrl: string;
  version: string;
  integrity: string;
}

describe.skipIf(executablePath === "")("an unmodified Harmonix application over the store", () => {
  let browser: Browser;
  let server: BuiltServer;
  let appUrl: string;
  let closeApp: () => Promise<void>;

  beforeAll(async () => {
    server = await BuiltServer.start();
    await server.run("provider", "add", "acme");
    await server.run("publish", join(DEMO_FILES, "greeter-1.0.0"), "--provider", "acme");
    const app = await serveApp(join(DEMO_FILES, "host-app"), new URL(server.http).origin);
    closeApp = () => app[Symbol.asyncDispose]();
    appUrl = `${app.url}?store=${encodeURIComponent(server.listUrl)}`;
    browser = await chromium.launch({
      executablePath,
      args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    });
  });

  afterAll(async () => {
    await browser?.close();
    await closeApp?.();
    await server?.[Symbol.asyncDispose]();
  });

  async function newPage(): Promise<Page> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    return context.newPage();
  }

  async function openApp(page: Page): Promise<void> {
    await page.goto(appUrl);
    await settled(page);
  }

  const settled = (page: Page) => page.locator("html:not([data-state=loading])").waitFor();

  /** Every plugin that the page names, with its version and state. */
  async function shownPlugins(page: Page): Promise<string[]> {
    const items = await page.locator("li[data-id]").all();
    return Promise.all(
      items.map(async (item) => {
        const facts = ["data-id", "data-version", "data-state"].map((name) => item.getAttribute(name));
        return (await Promise.all(facts)).join(" ");
      }),
    );
  }

  async function readList(): Promise<ListedPlugin[]> {
    return (await (await fetch(server.listUrl)).json()) as ListedPlugin[];
  }

  /** Publishes a plugin of one file that shows a text. */
  async function publishSmall(name: string, version: string, text: string): Promise<void> {
    const folder = join(server.folder, `${name}-${version}`);
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify({ name, version, module: "index.js" }));
    await writeFile(
      join(folder, "index.js"),
      `export async function initialize(api) {
        await api.regionManager.registerView("main", {
          id: "text",
          factory: async () => Object.assign(document.createElement("p"), { textContent: ${JSON.stringify(text)} }),
        });
      }
      export async function dispose() {}`,
    );
    await server.run("publish", folder, "--provider", "acme");
  }

  test("it loads the plugin from another origin, under a strict policy, without a complaint", async () => {
    const page = await newPage();
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await openApp(page);
    expect(await shownPlugins(page)).toContain("greeter 1.0.0 running");
    await page.getByRole("heading", { name: /^Good (?:morning|afternoon|evening)$/ }).waitFor();
    await page.getByText("Greeter 1.0.0", { exact: true }).waitFor();
    expect(new URL(page.url()).origin).not.toBe(new URL(server.http).origin);
    expect(complaints).toEqual([]);
  });

  test("the integrity in the list is that of the file, and a file that was tampered with is blocked alone", async () => {
    await publishSmall("clock", "1.0.0", "Tick");
    const greeter = (await readList()).find((plugin) => plugin.pluginId === "greeter");
    if (greeter === undefined) throw new Error("greeter is not listed");
    const response = await fetch(greeter.pluginUrl);
    const code = Buffer.from(await response.arrayBuffer());
    expect(greeter.integrity).toBe(`sha384-${createHash("sha384").update(code).digest("base64")}`);

    const page = await newPage();
    await page.route(greeter.pluginUrl, (route) =>
      route.fulfill({
        status: 200,
        headers: { "content-type": "text/javascript", "access-control-allow-origin": "*" },
        body: `${code}\ndocument.title = "taken over";`,
      }),
    );
    await openApp(page);
    expect(await shownPlugins(page)).toEqual(
      expect.arrayContaining(["greeter 1.0.0 failed", "clock 1.0.0 running"]),
    );
    expect(await page.title()).toBe("Harmonix host");
    await page.getByText("Tick").waitFor();
  });

  test("a plugin whose entry is not there leaves the others working", async () => {
    const page = await newPage();
    await page.route(server.listUrl, async (route) => {
      const response = await route.fetch();
      const list = (await response.json()) as ListedPlugin[];
      const gone = {
        pluginId: "gone",
        version: "1.0.0",
        pluginUrl: `${server.http}/cdn/gone/1.0.0/index.js`,
      };
      await route.fulfill({ response, json: [gone, ...list] });
    });
    await openApp(page);
    expect(await shownPlugins(page)).toEqual(
      expect.arrayContaining(["gone 1.0.0 failed", "greeter 1.0.0 running"]),
    );
    await page.locator("greeter-card").waitFor();
  });

  test("a store without plugins is no failure", async () => {
    const page = await newPage();
    await page.route(server.listUrl, (route) =>
      route.fulfill({ json: [], headers: { "access-control-allow-origin": "*" } }),
    );
    await openApp(page);
    await page.getByText("The store lists no plugin yet").waitFor();
    expect(await page.locator("html").getAttribute("data-state")).toBe("ready");
  });

  test("a store that cannot be reached is said in words", async () => {
    const page = await newPage();
    await page.route(server.listUrl, (route) => route.abort());
    await openApp(page);
    await page.getByText("cannot be reached").waitFor();
  });

  test("a new version is offered on request and runs after a reload, and the old one's bytes stay as they were", async () => {
    const page = await newPage();
    await openApp(page);
    const old = (await readList()).find((plugin) => plugin.pluginId === "greeter");
    if (old === undefined) throw new Error("greeter is not listed");
    const before = await (await fetch(old.pluginUrl)).text();
    await page.getByText("Check for updates").click();
    await page.getByText("Everything here is current.").waitFor();

    await server.run("publish", join(DEMO_FILES, "greeter-1.1.0"));
    await page.getByText("Check for updates").click();
    await page.getByText("Greeter 1.1.0 is in the store; 1.0.0 runs here.").waitFor();
    expect(await shownPlugins(page)).toContain("greeter 1.0.0 running");

    await Promise.all([page.waitForEvent("load"), page.getByRole("button", { name: "Reload" }).click()]);
    await settled(page);
    expect(await shownPlugins(page)).toContain("greeter 1.1.0 running");
    await page.getByRole("button", { name: "Català" }).click();
    await page.getByText(/^(Bon dia|Bona tarda|Bon vespre)$/).waitFor();

    expect(await (await fetch(old.pluginUrl)).text()).toBe(before);
    const next = (await readList()).find((plugin) => plugin.pluginId === "greeter");
    expect(next?.pluginUrl).not.toBe(old.pluginUrl);
  });
});
