import type { PluginId } from "../../../core/deb/package-name.ts";

/** Where a plugin is to be installed from. */
export type OrderSource =
  | { type: "git"; url: string; ref?: string | undefined; directory?: string | undefined }
  | ({ type: "market"; version?: string | undefined } & PluginId)
  /** What was uploaded before: a folder of sources, or a finished package. */
  | { type: "upload"; id: string };

export interface InstallOrder {
  action: "install";
  source: OrderSource;
  /** Also what is installed already. */
  reinstall: boolean;
  allowDowngrade: boolean;
}

export interface RemoveOrder extends PluginId {
  action: "remove";
  /** What the package has left outside of its files as well. */
  purge: boolean;
  /** Plugins that need it as well; otherwise that is a conflict. */
  removeDependents: boolean;
}

/** Back to the version before the last change. */
export interface RollbackOrder extends PluginId {
  action: "rollback";
}

/** A package is made, and neither installed nor published. */
export interface BuildOrder {
  action: "build";
  source: Exclude<OrderSource, { type: "market" }>;
}

/** A change of what is installed. */
export type TaskOrder = InstallOrder | RemoveOrder | RollbackOrder;

/** A source in wazo-plugind's words, as its errors name it. */
export function installOptionsOf(source: OrderSource): Record<string, unknown> {
  switch (source.type) {
    case "git":
      return { url: source.url, ref: source.ref ?? "master", subdirectory: source.directory ?? null };
    case "market": {
      const { namespace, name, version } = source;
      return { namespace, name, ...(version === undefined ? {} : { version }) };
    }
    case "upload":
      return { upload: source.id };
  }
}
