import manifest from "../package.json" with { type: "json" };

/** Version of this package; the bundler writes it into the program. */
export const VERSION: string = manifest.version;
