import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { defineConfig, type Options } from "tsup";

type PluginBuild = Parameters<NonNullable<Options["esbuildPlugins"]>[number]["setup"]>[0];

/**
 * Start-up time follows the number of files loaded. So the libraries of the client are bundled, and each module that
 * is imported dynamically (a command, an adapter) becomes one self-contained file: code that two of them share is
 * in both, which is smaller than it is slow to load one more file. The server's libraries stay in node_modules:
 * some read files of their own at run time, and `serve` starts once.
 */
const BUNDLED = [
  "chalk",
  "commander",
  "cosmiconfig",
  "eventsource-parser",
  "kysely",
  "undici",
  "yaml",
  /^zod/,
];

const SOURCE = resolve("src");

/** `src/commands/target/add.ts` → `commands.target.add`: outputs lie flat, so that one path leads to each. */
const outputName = (file: string) => relative(SOURCE, file).replace(/\.ts$/, "").replaceAll(/[/\\]/g, ".");

/** Every module of ours that some other one imports dynamically. */
function dynamicModules(): string[] {
  const found = new Set<string>();
  for (const file of globSync("src/**/*.ts")) {
    for (const [, path] of readFileSync(file, "utf8").matchAll(/\bimport\(\s*"(\.[^"]+\.ts)"\s*,?\s*\)/g)) {
      if (path !== undefined) found.add(resolve(dirname(file), path));
    }
  }
  return [...found].sort();
}

/**
 * Leaves undici's HTTP/2 client out: the client never asks for HTTP/2 (src/adapters/http/undici.ts), and loading
 * `node:http2` would cost every command that calls a target more than half of what starting Node costs.
 */
const WITHOUT_HTTP2 = {
  name: "without-http2",
  setup({ onLoad }: PluginBuild) {
    onLoad({ filter: /[\\/]undici[\\/]lib[\\/]dispatcher[\\/]client-h2\.js$/ }, () => ({
      contents: 'module.exports = () => { throw new Error("HTTP/2 is not part of this build"); };',
    }));
  },
};

export default defineConfig({
  entry: Object.fromEntries(
    [join(SOURCE, "cli.ts"), ...dynamicModules()].map((file) => [outputName(file), file]),
  ),
  outDir: "dist",
  format: "esm",
  platform: "node",
  target: "node24",
  splitting: false,
  sourcemap: true,
  minify: true,
  // `dist/demo` holds the built examples, which have a build of their own.
  clean: ["!demo/**"],
  // node:sqlite exists with its prefix only.
  removeNodeProtocol: false,
  noExternal: BUNDLED,
  // Bundled CommonJS packages call require.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  esbuildPlugins: [
    WITHOUT_HTTP2,
    {
      name: "one-file-a-dynamic-module",
      setup(build) {
        build.onResolve({ filter: /^\./ }, (args) =>
          args.kind === "dynamic-import"
            ? { path: `./${outputName(resolve(args.resolveDir, args.path))}.js`, external: true }
            : undefined,
        );
        // Importing node:process reads all its properties, and so opens the three streams; the global does not.
        build.onResolve({ filter: /^(node:)?process$/ }, () => ({ path: "process", namespace: "global" }));
        build.onLoad({ filter: /.*/, namespace: "global" }, () => ({
          contents: "module.exports = globalThis.process;",
        }));
        // commander can run programs as subcommands, which plugctl has none of.
        build.onResolve({ filter: /^node:child_process$/ }, (args) =>
          /[/\\]commander[/\\]/.test(args.importer) ? { path: args.path, namespace: "absent" } : undefined,
        );
        build.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: "export default {};" }));
        // A library that is wanted only now and then is loaded from node_modules then.
        build.onResolve({ filter: /^[^.]/ }, (args) =>
          args.kind === "dynamic-import" ? { path: args.path, external: true } : undefined,
        );
      },
    },
  ],
});
