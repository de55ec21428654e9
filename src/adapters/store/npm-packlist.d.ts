declare module "npm-packlist" {
  import type { EventEmitter } from "node:events";
  import type { Stats } from "node:fs";

  /** The part of an Arborist node that the walker reads. */
  export interface PackageTree {
    path: string;
    package: {
      files?: string[] | undefined;
      main?: string | undefined;
      browser?: string | undefined;
      bin?: Record<string, string> | undefined;
    };
    isProjectRoot: true;
    edgesOut: ReadonlyMap<string, object>;
  }

  interface Visit {
    st: Stats;
    entry: string;
    /** The rules let it through as a file. */
    file: boolean;
  }

  class Walker extends EventEmitter {
    readonly tree: PackageTree;
    /** Absolute path of the folder that this walker is in. */
    readonly path: string;
    readonly root: string;
    constructor(tree: PackageTree, options: object);
    start(): this;
    onstat(visit: Visit, done: () => void): void;
    walker(entry: string, options: object, done: () => void): void;
    walkerOpt(entry: string, options: object): object;
  }

  const packlist: { Walker: typeof Walker };
  export default packlist;
}
