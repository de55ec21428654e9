import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serveApp } from "../../../../src/actions/demo/app-server.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

async function servedApp() {
  const folder = await makeTempDir();
  await mkdir(join(folder, "assets"));
  await writeFile(join(folder, "index.html"), '<meta property="csp-nonce" nonce="CSP_NONCE">');
  await writeFile(join(folder, "assets", "app.js"), "export {};");
  const app = await serveApp(folder, "http://store.example");
  onTestFinished(() => app[Symbol.asyncDispose]());
  return app;
}

test("each answer with the page has a nonce of its own, the same in page and policy", async () => {
  const app = await servedApp();
  const nonces = new Set<string>();
  for (let round = 0; round < 2; round += 1) {
    const response = await fetch(app.url);
    const [, nonce = ""] = /nonce="([^"]+)"/.exec(await response.text()) ?? [];
    expect(response.headers.get("content-security-policy")).toContain(
      `script-src 'self' 'nonce-${nonce}' http://store.example;`,
    );
    nonces.add(nonce);
  }
  expect(nonces).toHaveLength(2);
  expect([...nonces]).not.toContain("CSP_NONCE");
});

test("files have their types, and what is not in the application is not found", async () => {
  const app = await servedApp();
  const script = await fetch(new URL("assets/app.js", app.url));
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(await script.text()).toBe("export {};");
  for (const path of ["assets", "assets/none.js", "..%2fpackage.json", "%2e%2e/package.json"]) {
    expect((await fetch(new URL(path, app.url))).status, path).toBe(404);
  }
  expect((await fetch(app.url, { method: "POST" })).status).toBe(405);
});
