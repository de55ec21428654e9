import type { Logger } from "pino";
import type { PluginId } from "../../../core/deb/package-name.ts";
import { notFoundError, PlugctlError } from "../../../core/errors.ts";
import type { MarketItem, MarketVersion } from "./document.ts";
import {
  type InstalledVersions,
  isCompatible,
  type LocalItem,
  pluginKey,
  withLocalValues,
} from "./local-values.ts";
import { fileMarket, type MarketSource, WebMarket } from "./source.ts";

/** What of the market is to be installed. */
export interface MarketWish extends PluginId {
  version?: string | undefined;
  /** Also what is there already. */
  reinstall: boolean;
}

/** All markets as one: of a plugin that several have, the first one's counts. */
export class Market {
  readonly #sources: readonly MarketSource[];
  readonly #wazoVersion: string | undefined;

  constructor(sources: readonly MarketSource[], wazoVersion: string | undefined) {
    this.#sources = sources;
    this.#wazoVersion = wazoVersion;
  }

  /** @param locations `http(s):` URLs of documents and paths of files; the folder holds copies of the former. */
  static async open(
    locations: readonly string[],
    options: { folder: string; wazoVersion: string | undefined; log: Logger; now: () => Date },
  ): Promise<Market> {
    const sources = await Promise.all(
      locations.map((location) =>
        /^https?:/.test(location) ? WebMarket.open(location, options) : fileMarket(location, options.log),
      ),
    );
    return new Market(sources, options.wazoVersion);
  }

  /** @throws UNAVAILABLE. */
  async items(): Promise<MarketItem[]> {
    const found = new Map<string, MarketItem>();
    for (const source of this.#sources) {
      for (const item of await source.items()) {
        const key = pluginKey(item);
        if (!found.has(key)) found.set(key, item);
      }
    }
    return [...found.values()];
  }

  /** @throws UNAVAILABLE. */
  async localItems(installed: InstalledVersions): Promise<LocalItem[]> {
    return (await this.items()).map((item) => withLocalValues(item, installed, this.#wazoVersion));
  }

  /** @throws NOT_FOUND, UNAVAILABLE. */
  async item({ namespace, name }: PluginId): Promise<MarketItem> {
    const found = (await this.items()).find((item) => item.namespace === namespace && item.name === name);
    if (found === undefined) throw notFoundError(`no market has the plugin ${namespace}/${name}`);
    return found;
  }

  /**
   * The version to install; undefined when what is wished for is installed already.
   * @throws NOT_FOUND for a plugin, or a version that fits, that no market has; UNAVAILABLE.
   */
  async resolve(wish: MarketWish, installed: InstalledVersions): Promise<MarketVersion | undefined> {
    const item = withLocalValues(await this.item(wish), installed, this.#wazoVersion);
    const present = item.installed_version;
    if (present !== null && !wish.reinstall && (wish.version ?? present) === present) return undefined;
    const fitting = item.versions.filter((version) => isCompatible(version, this.#wazoVersion));
    const chosen =
      wish.version === undefined
        ? (fitting.find((version) => version.upgradable) ??
          fitting.find((version) => version.version === present) ??
          fitting[0])
        : fitting.find((version) => version.version === wish.version);
    if (chosen !== undefined) return chosen;
    const wanted = wish.version === undefined ? "version" : `version ${wish.version}`;
    const fit = this.#wazoVersion === undefined ? "" : ` for Wazo ${this.#wazoVersion}`;
    throw new PlugctlError("NOT_FOUND", `the market has no ${wanted} of ${pluginKey(wish)}${fit}`, {
      details: { error_id: "no-compatible-version" },
    });
  }
}
