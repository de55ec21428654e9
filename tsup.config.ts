import { defineConfig } from "tsup";

/**
 * What the client needs is bundled and split by command, because start-up time follows the number of files loaded.
 * The server's libraries stay in node_modules: some load files of their own at run time, and `serve` starts once.
 */
const BUNDLED = [
  "chalk",
  "commander",
  "cosmiconfig",
  "eventsource-parser",
  "kysely",
  "ora",
  "string-width",
  "undici",
  "yaml",
  "zod",
];

export default defineConfig({
  entry: { cli: "src/cli.ts" },
  outDir: "dist",
  format: "esm",
  platform: "node",
  target: "node24",
  splitting: true,
  sourcemap: true,
  minify: true,
  keepNames: true,
  // `dist/demo` holds the built examples, which have a build of their own.
  clean: ["*.js", "*.js.map"],
  // node:sqlite exists with its prefix only.
  removeNodeProtocol: false,
  noExternal: BUNDLED,
  // Bundled CommonJS packages call require.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
