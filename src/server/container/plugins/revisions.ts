import type { InstallationChange } from "../../../core/installation.ts";
import { plannedTokens, toEntryPlan } from "../../../core/marketplace/resources.ts";
import type { PluginSettings, SettingsChange } from "../../../core/settings.ts";
import { rollbackPlugin } from "../../../engine/rollback.ts";
import { changeSettings, readSettings } from "../../../engine/settings.ts";
import type { Marketplace } from "../marketplace/marketplace.ts";
import type { Proxies } from "../proxies/proxies.ts";
import type { PluginOwner, PluginTokens } from "../tokens/plugin-tokens.ts";
import { renewProxies } from "./entry-proxies.ts";
import type { InstalledEntries } from "./installed-entries.ts";
import type { Work } from "./installer.ts";
import type { Workshops } from "./workshops.ts";

export interface RevisionParts {
  workshops: Workshops;
  marketplace: Marketplace;
  entries: InstalledEntries;
  tokens: PluginTokens;
  proxies: Proxies;
}

export type SettingsOutcome = Awaited<ReturnType<typeof changeSettings>>;

/** Other settings for an installed plugin's container, and the way back to the one before. */
export class PluginRevisions {
  readonly #parts: RevisionParts;

  constructor(parts: RevisionParts) {
    this.#parts = parts;
  }

  /** Values of what looks like a secret are hidden. @throws NOT_FOUND. */
  settings({ user, plugin }: PluginOwner): Promise<PluginSettings> {
    return readSettings(this.#parts.workshops.of(user), plugin);
  }

  /** The container is made anew, and the old one put back when that does not start. @throws NOT_FOUND, CONFLICT, BACKEND. */
  change(
    { user, plugin }: PluginOwner,
    { change, dryRun }: { change: SettingsChange; dryRun: boolean },
    { progress, signal }: Work,
  ): Promise<SettingsOutcome> {
    return this.#parts.workshops.within(user, signal, (shop) =>
      changeSettings(shop, { name: plugin, change, dryRun }, progress),
    );
  }

  /** @throws NOT_FOUND; CONFLICT when there is nothing to go back to; BACKEND, and everything is as it was. */
  async rollback(
    owner: PluginOwner,
    { dryRun }: { dryRun: boolean },
    { progress, signal }: Work,
  ): Promise<InstallationChange> {
    const { user, plugin } = owner;
    const change = await this.#parts.workshops.within(user, signal, (shop) =>
      rollbackPlugin(shop, { name: plugin, dryRun }, progress),
    );
    if (dryRun || change.version === change.previousVersion) return change;
    return {
      ...change,
      warnings: [...change.warnings, ...(await this.#bringEntryBack(owner, change.version))],
    };
  }

  /** What belongs to the version beside its container. Returns what is not as it was then. */
  async #bringEntryBack(owner: PluginOwner, version: string | null): Promise<string[]> {
    const { entries, marketplace, proxies, tokens } = this.#parts;
    const { user, plugin } = owner;
    const installed = await entries.find(user, plugin);
    if (installed === undefined || version === null) return [];
    const offered = await marketplace.entry(installed.entry.name, version).catch(() => undefined);
    if (offered === undefined) {
      return [
        `the marketplace has version ${version} no more: proxies and description are those of ${installed.version}`,
      ];
    }
    const { entry } = offered.found;
    await entries.put(user, plugin, { entry, origin: offered.origin });
    const plan = toEntryPlan(entry, { user, plugin, host: "localhost" });
    const revoked = plannedTokens(entry, { plugin }).filter((token) => !tokens.isCurrent(owner, token));
    return [
      ...(await renewProxies(proxies, owner, plan.resources.proxies)),
      ...revoked.map(
        ({ id }) => `its token ${id} has been revoked since; an upgrade to ${version} issues another`,
      ),
    ];
  }
}
