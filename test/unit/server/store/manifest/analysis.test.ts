import { expect, test } from "vitest";
import { analyse } from "../../../../../src/server/store/manifest/analysis.ts";

function analyseTree(tree: Record<string, string>, entry = "index.js") {
  return analyse(entry, {
    paths: new Set(Object.keys(tree)),
    read: async (path) => Buffer.from(tree[path] ?? ""),
  });
}

const PLUGIN = "export const initialize = () => {}; export const dispose = () => {};\n";

test("bare imports of the entry and of all that it imports are externals, without URLs and computed ones", async () => {
  const analysis = await analyseTree({
    "index.js": `import "lit"; import x from "./a/b.js"; import("https://x.test/y.js"); import(x); ${PLUGIN}`,
    "a/b.js": `import("react"); import "../c.mjs"; export default 1; import.meta.url; import(\`./l/\${x}.js\`);`,
    "c.mjs": 'export { z } from "@uxland/primary-shell";',
    "unused.js": 'import "never";',
  });
  expect(analysis.externals).toEqual(["@uxland/primary-shell", "lit", "react"]);
  expect(analysis.exports).toEqual(["dispose", "initialize"]);
  expect(analysis.warnings).toEqual([]);
});

test("names passed on by export * count as exports, without default", async () => {
  const analysis = await analyseTree({
    "index.js": 'export * from "./a.js"; export * from "./index.js";',
    "a.js": `${PLUGIN} export default 1;`,
  });
  expect(analysis.exports).toEqual(["dispose", "initialize"]);
  expect(analysis.warnings).toEqual([]);
});

test("an entry without initialize is warned of, unless a module outside may give it", async () => {
  expect((await analyseTree({ "index.js": "export const a = 1;" })).warnings).toEqual([
    expect.stringContaining('does not export "initialize"'),
  ]);
  expect((await analyseTree({ "index.js": 'export * from "shared";' })).warnings).toEqual([]);
});

test("what will fail in the browser is warned of", async () => {
  const { warnings } = await analyseTree({
    "index.js": `import "./gone.js"; ${PLUGIN}//# sourceMappingURL=index.js.map\n`,
    "style.css": "",
    "more.css": "",
  });
  expect(warnings).toEqual([
    expect.stringContaining("imports ./gone.js"),
    expect.stringContaining("source map index.js.map"),
    expect.stringContaining("more.css (and 1 more)"),
  ]);
});

test("a source map that is there, or within the file, is no fault", async () => {
  const present = await analyseTree(
    { "d/i.js": `${PLUGIN}//# sourceMappingURL=i.js.map`, "d/i.js.map": "{}" },
    "d/i.js",
  );
  const inline = await analyseTree({ "index.js": `${PLUGIN}//# sourceMappingURL=data:application/json,{}` });
  expect([...present.warnings, ...inline.warnings]).toEqual([]);
});

test("a script that is no module is warned of, and what is no JavaScript is refused", async () => {
  expect((await analyseTree({ "index.js": "var a = 1;" })).warnings).toEqual([
    expect.stringContaining("not an ES module"),
  ]);
  await expect(analyseTree({ "index.js": 'import { from "x' })).rejects.toMatchObject({
    status: 422,
    code: "not_a_plugin_module",
  });
});
