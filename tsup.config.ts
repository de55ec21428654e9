import { globSync, readFileSync } from "node:fs";
import { maxHeaderSize } from "node:http";
import { builtinModules } from "node:module";
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
  "dockerode",
  "eventsource-parser",
  "js-yaml",
  "kysely",
  "markdansi",
  "undici",
  "yaml",
  /^zod/,
];

const SOURCE = resolve("src");

/** Modules of Node's own, with or without their prefix. */
const BUILTIN = new RegExp(`^(?:node:.+|${builtinModules.join("|")})$`);

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

/**
 * Leaves out what dockerode loads at once and the engine's client never uses: sessions of BuildKit (gRPC, three quarters
 * of the time to load it), packing of folders to build, and SSH in JavaScript (src/engine/ssh-agent.ts runs the user's
 * own ssh).
 */
const SLIM_DOCKERODE = {
  name: "slim-dockerode",
  setup({ onLoad, onResolve }: PluginBuild) {
    onResolve({ filter: /^(?:tar-fs|@balena\/dockerignore|protobufjs)$/ }, ({ path, importer }) =>
      /[\\/]dockerode[\\/]/.test(importer) ? { path, namespace: "absent" } : undefined,
    );
    onLoad({ filter: /[\\/](?:dockerode[\\/]lib[\\/]session|docker-modem[\\/]lib[\\/]ssh)\.js$/ }, () => ({
      contents: 'module.exports = () => { throw new Error("this is not part of this build"); };',
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
  // undici's own switch for bundles: leaves its experimental second HTTP parser out.
  define: { esbuildDetection: "true" },
  esbuildPlugins: [
    WITHOUT_HTTP2,
    SLIM_DOCKERODE,
    {
      name: "one-file-a-dynamic-module",
      setup(build) {
        build.onResolve({ filter: /^\./ }, (args) =>
          args.kind === "dynamic-import"
            ? { path: `./${outputName(resolve(args.resolveDir, args.path))}.js`, external: true }
            : undefined,
        );
        // commander can run programs as subcommands, which plugctl has none of.
        build.onResolve({ filter: /^node:child_process$/ }, (args) =>
          /[/\\]commander[/\\]/.test(args.importer) ? { path: args.path, namespace: "absent" } : undefined,
        );
        build.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: "export default {};" }));
        // Of the old HTTP client undici takes a default, and a class that it knows bodies of ours are not.
        build.onResolve({ filter: /^node:http$/ }, (args) =>
          /[/\\]undici[/\\]/.test(args.importer)
            ? { path: args.path, namespace: "http-constants" }
            : undefined,
        );
        build.onLoad({ filter: /.*/, namespace: "http-constants" }, () => ({
          contents: `module.exports = { IncomingMessage: class {}, maxHeaderSize: ${maxHeaderSize} };`,
        }));
        // An ES import of a module of Node's own builds a copy of all its exports first, which for the dozen that a
        // command needs takes as long as the command; asking the process for it does not.
        build.onResolve({ filter: BUILTIN }, (args) =>
          args.kind === "dynamic-import" ? undefined : { path: args.path, namespace: "builtin" },
        );
        build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
          contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
        }));
        // A library that is wanted only now and then is loaded from node_modules then.
        build.onResolve({ filter: /^[^.]/ }, (args) =>
          args.kind === "dynamic-import" ? { path: args.path, external: true } : undefined,
        );
      },
    },
  ],
});
