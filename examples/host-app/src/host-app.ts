import { html, LitElement, nothing } from "lit";
import { compareLists, type Difference, readList } from "./discovery.ts";
import { styles } from "./host-app.styles.ts";
import { type LoadedPlugin, startPlugins } from "./plugins.ts";
import { offeringRegion } from "./regions.ts";

/** What is known of newer versions in the store. */
type UpdateCheck =
  | { state: "idle" | "checking" | "current" }
  | { state: "changed"; differences: Difference[] }
  | { state: "failed"; reason: string };

/**
 * The page: reads the store's list once, runs its plugins, and says which ones run. A list that has changed since is
 * offered as a reload, because a document keeps the modules that it has loaded.
 */
export class HostApp extends offeringRegion(LitElement, "main", "views") {
  static override styles = styles;
  static override properties = {
    plugins: { state: true },
    failure: { state: true },
    check: { state: true },
  };

  declare private plugins: LoadedPlugin[] | undefined;
  declare private failure: string | undefined;
  declare private check: UpdateCheck;
  readonly #listUrl = new URLSearchParams(location.search).get("store");
  #isStarted = false;

  constructor() {
    super();
    this.check = { state: "idle" };
  }

  /** Called by the region mixin, at first with the region that views go into: before, there is nowhere to show one. */
  regionsCreated(created: readonly unknown[]): void {
    if (created.length === 0 || this.#isStarted) return;
    this.#isStarted = true;
    void this.#start();
  }

  async #start(): Promise<void> {
    try {
      if (this.#listUrl === null)
        throw new Error("Name the store's list in the address: ?store=https://…/discovery/main");
      this.plugins = await startPlugins(await readList(this.#listUrl));
    } catch (error) {
      this.failure = (error as Error).message;
    }
    await this.updateComplete;
    document.documentElement.dataset.state = this.failure === undefined ? "ready" : "failed";
  }

  async #checkForUpdates(): Promise<void> {
    if (this.#listUrl === null) return;
    this.check = { state: "checking" };
    try {
      const differences = compareLists(this.plugins ?? [], await readList(this.#listUrl));
      this.check = differences.length === 0 ? { state: "current" } : { state: "changed", differences };
    } catch (error) {
      this.check = { state: "failed", reason: (error as Error).message };
    }
  }

  override render() {
    return html`
      <header>
        <img src="icon.svg" alt="" width="32" height="32" />
        <div class="title">
          <h1>Harmonix host</h1>
          <p>${this.#listUrl === null ? "no store" : `plugins from ${URL.parse(this.#listUrl)?.host ?? this.#listUrl}`}</p>
        </div>
      </header>
      ${this.check.state === "changed" ? renderDifferences(this.check.differences) : nothing}
      <main>
        <section aria-label="Views of the plugins">
          ${this.failure === undefined ? nothing : html`<p class="failure" role="alert">${this.failure}</p>`}
          ${this.plugins?.length === 0 ? html`<p class="hint">The store lists no plugin yet. Publish one, and reload.</p>` : nothing}
          ${this.plugins === undefined && this.failure === undefined ? html`<p class="hint">Loading …</p>` : nothing}
          <div id="views"></div>
        </section>
        ${this.plugins === undefined ? nothing : this.#renderList(this.plugins)}
      </main>
    `;
  }

  #renderList(plugins: readonly LoadedPlugin[]) {
    return html`
      <aside aria-labelledby="list-title">
        <h2 id="list-title">Plugins</h2>
        <ul>
          ${plugins.map(renderPlugin)}
        </ul>
        <button ?disabled=${this.check.state === "checking"} @click=${() => this.#checkForUpdates()}>
          Check for updates
        </button>
        <p class="check" role="status">${checkWords(this.check)}</p>
      </aside>
    `;
  }
}

function renderPlugin(plugin: LoadedPlugin) {
  return html`
    <li class=${plugin.state} data-id=${plugin.pluginId} data-version=${plugin.version} data-state=${plugin.state}>
      <span class="name">${plugin.name ?? plugin.pluginId}</span>
      <span class="version">${plugin.version}</span>
      <span class="state">${plugin.state}</span>
      ${plugin.failure === undefined ? nothing : html`<p class="reason">${plugin.failure}</p>`}
    </li>
  `;
}

function renderDifferences(differences: readonly Difference[]) {
  return html`
    <div class="banner" role="status">
      <div>
        ${differences.map((difference) => html`<p>${differenceWords(difference)}</p>`)}
      </div>
      <button @click=${() => location.reload()}>Reload</button>
    </div>
  `;
}

function differenceWords({ name, running, listed }: Difference): string {
  if (listed === undefined) return `${name} is no longer in the store.`;
  if (running === undefined) return `${name} ${listed} is new in the store.`;
  return `${name} ${listed} is in the store; ${running} runs here.`;
}

function checkWords(check: UpdateCheck): string {
  switch (check.state) {
    case "idle":
      return "The list is read when the page is loaded.";
    case "checking":
      return "Asking the store …";
    case "current":
      return "Everything here is current.";
    case "changed":
      return "Reload to run what the store lists now.";
    case "failed":
      return check.reason;
  }
}
