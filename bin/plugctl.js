#!/usr/bin/env node
// The launcher: nothing here may need more than any Node of the last ten years understands.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(`plugctl needs Node.js 24.15 or newer, and this is ${process.versions.node}\n`);
  process.exit(1);
}
const { default: nodeModule } = await import("node:module");
nodeModule.enableCompileCache?.();
const { main } = await import("../dist/cli.js");
process.exitCode = await main(process.argv.slice(2));
