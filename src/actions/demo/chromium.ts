import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { PlugctlError } from "../../core/errors.ts";
import { DevTools } from "./devtools.ts";
import type { Page, ShownPlugin } from "./page.ts";
import type { Workspace } from "./workspace.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const MAC_APPLICATION = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/** How long the application may take to show its plugins, in ms. */
const PAGE_LIMIT_MS = 30_000;

/** Runs in the page: its state, and the plugins with what they show. */
const READ_PAGE = `(() => {
  const root = document.querySelector("host-app")?.shadowRoot;
  const lines = (view) => [...(view.shadowRoot ?? view).children]
    .map((part) => part.innerText?.trim().split(/\\s*\\n\\s*/).join(" · "))
    .filter((line) => line);
  return {
    state: document.documentElement.dataset.state,
    failure: root?.querySelector(".failure")?.innerText,
    plugins: [...(root?.querySelectorAll("li[data-id]") ?? [])].map(({ dataset, innerText }) => ({
      id: dataset.id,
      version: dataset.version,
      state: dataset.state,
      lines: dataset.state === "failed"
        ? [innerText]
        : [...root.querySelectorAll("#views > *")].filter((view) => view.dataset.plugin === dataset.id).flatMap(lines),
    })),
  };
})()`;

/** The path of a Chromium or Chrome of this machine. */
export function findChromium(env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const candidates = process.platform === "darwin" ? [...onPath, MAC_APPLICATION] : onPath;
  return candidates.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser that no test or demo shares with its user: own profile, own home, no traffic of its own. */
export class Chromium {
  readonly product: string;
  readonly #devTools: DevTools;

  private constructor(product: string, devTools: DevTools) {
    this.product = product;
    this.#devTools = devTools;
  }

  /** @throws BACKEND when the browser does not start, as in a container that forbids its sandbox. */
  static async start(path: string, workspace: Workspace, env: NodeJS.ProcessEnv): Promise<Chromium> {
    const folder = workspace.path("browser");
    const child = workspace.start(path, [...flags(join(folder, "profile"))], {
      // Messages travel through the descriptors 3 and 4: a debugging port could be used by others.
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env: {
        ...env,
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        XDG_CACHE_HOME: folder,
        TMPDIR: workspace.folder,
      },
    });
    const devTools = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable);
    child.once("error", (error) => devTools.fail(error));
    try {
      const { product } = await devTools.call<{ product: string }>("Browser.getVersion");
      return new Chromium(product.replace(/^(?:HeadlessChrome|Chrome)\//, "Chromium "), devTools);
    } catch (cause) {
      await workspace.stop(child);
      throw new PlugctlError("BACKEND", `${path} does not start`, { cause });
    }
  }

  /** Opens a page of the example application and reads what it shows. */
  async open(url: string, signal: AbortSignal): Promise<Page> {
    const { targetId } = await this.#devTools.call<{ targetId: string }>("Target.createTarget", { url });
    const { sessionId } = await this.#devTools.call<{ sessionId: string }>("Target.attachToTarget", {
      targetId,
      flatten: true,
    });
    try {
      const deadline = Date.now() + PAGE_LIMIT_MS;
      for (;;) {
        const page = await this.#read(sessionId);
        if (page.state === "ready") return { openedBy: this.product, plugins: page.plugins };
        if (page.state === "failed")
          throw new PlugctlError("BACKEND", `the app at ${url} failed: ${page.failure}`);
        if (Date.now() > deadline) throw new PlugctlError("BACKEND", `the app at ${url} did not come up`);
        await sleep(50, undefined, { signal });
      }
    } finally {
      await this.#devTools.call("Target.closeTarget", { targetId });
    }
  }

  async #read(sessionId: string): Promise<{ state?: string; failure?: string; plugins: ShownPlugin[] }> {
    const { result } = await this.#devTools.call<{ result: { value?: never } }>(
      "Runtime.evaluate",
      { expression: READ_PAGE, returnByValue: true },
      sessionId,
    );
    // No value while the document is being replaced.
    return result.value ?? { plugins: [] };
  }
}

function flags(profile: string): string[] {
  return [
    "--headless",
    // Chromium refuses to run its sandbox as root.
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    `--user-data-dir=${profile}`,
  ];
}
