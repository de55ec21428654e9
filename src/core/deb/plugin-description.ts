/** A plugin that another one needs, from the market. */
export interface PluginDependency {
  namespace: string;
  name: string;
  /** Exactly this version; default: the newest that fits. */
  version?: string | undefined;
}

/** What `wazo/plugin.yml` says (wazo-plugind spec, section 2). */
export interface PluginDescription {
  namespace: string;
  name: string;
  /** As the author wrote it: `1.10` stays `1.10`, though YAML reads a number. */
  version: string;
  /** From 1 on the rules have a `postrm`. */
  formatVersion: 0 | 1 | 2;
  minWazoVersion: string | undefined;
  maxWazoVersion: string | undefined;
  depends: readonly PluginDependency[];
  /** Debian relations, one text each: `a (>= 1)`, `a | b`. */
  debianDepends: readonly string[];
  /** Whether its files below `/etc` are the administrator's to change: what is changed survives updates and a removal. */
  conffiles: boolean;
  /** Every key of the file as plain JSON, those that nobody knows included; dates as text. */
  metadata: Readonly<Record<string, unknown>>;
}
