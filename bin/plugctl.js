#!/usr/bin/env node
// The launcher: nothing here may need more than any Node of the last years understands.
const { env, versions } = process;
const [major = 0, minor = 0] = versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`plugctl needs Node.js 24.15 or newer, and this is ${versions.node}\n`);
  process.exit(1);
}
// Compiled code is kept in the user's own cache: Node's default is a folder that others may write to.
const cache = env.XDG_CACHE_HOME || env.LOCALAPPDATA || (env.HOME && `${env.HOME}/.cache`);
if (cache || env.NODE_COMPILE_CACHE) {
  process
    .getBuiltinModule("node:module")
    .enableCompileCache(env.NODE_COMPILE_CACHE || `${cache}/plugctl/compiled`);
}
const { main } = await import("../dist/cli.js");
process.exitCode = await main(process.argv.slice(2));
