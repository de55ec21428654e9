/** The class behind `cosmiconfig()`, which the package does not describe. */
declare module "cosmiconfig/dist/Explorer.js" {
  import type { CosmiconfigResult, Options } from "cosmiconfig";

  export class Explorer {
    constructor(options: Options & { moduleName: string; metaConfigFilePath: null });
    search(folder: string): Promise<CosmiconfigResult>;
  }
}
