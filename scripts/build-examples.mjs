// `npm run build:examples`: builds what `plugctl demo` shows into dist/demo, so that an installed package needs no Vite.
import { cp, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const EXAMPLES = join(ROOT, "examples");
const OUTPUT = join(ROOT, "dist", "demo");
// Below the repository, so that the examples find their libraries.
const STAGE = join(ROOT, ".cache", "examples");

await rm(OUTPUT, { recursive: true, force: true });
await buildGreeter("1.0.0");
await buildGreeter("1.1.0");
await buildWithVite(join(EXAMPLES, "host-app"), join(OUTPUT, "host-app"));
await rm(STAGE, { recursive: true, force: true });

/** Builds a version of the greeter as its author would: the sources with the changes of the release laid over them. */
async function buildGreeter(version) {
  const source = join(EXAMPLES, "greeter");
  const stage = join(STAGE, `greeter-${version}`);
  await rm(stage, { recursive: true, force: true });
  for (const path of ["package.json", "README.md", "vite.config.ts", "src"]) {
    await cp(join(source, path), join(stage, path), { recursive: true });
  }
  if (version !== "1.0.0") {
    for (const path of ["package.json", "src"]) {
      await cp(join(source, "changes", version, path), join(stage, path), { recursive: true });
    }
  }
  await buildWithVite(stage, join(stage, "dist"));
  const output = join(OUTPUT, `greeter-${version}`);
  await mkdir(output, { recursive: true });
  for (const path of ["package.json", "README.md", "dist"]) {
    await cp(join(stage, path), join(output, path), { recursive: true });
  }
}

async function buildWithVite(root, outDir) {
  // Comments in the output name the sources, from the working directory.
  process.chdir(root);
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    build: { outDir, emptyOutDir: true },
    logLevel: "warn",
  });
}
