import { expect, onTestFinished, test } from "vitest";
import { createPluginAgent } from "../../../../../src/server/container/ingress/forward.ts";
import { probe } from "../../../../../src/server/container/ingress/probe.ts";
import { serveHttp } from "../../../../helpers/http-server.ts";

type Page = { status?: number; headers?: Record<string, string>; body?: string };

/** What the probe says of a plugin with these pages. */
async function probed(pages: Record<string, Page>) {
  const { url } = await serveHttp((request, response) => {
    const { status = 200, headers = {}, body = "" } = pages[request.url ?? ""] ?? { status: 404 };
    response.writeHead(status, headers);
    response.end(body);
  });
  const agent = createPluginAgent();
  onTestFinished(() => agent.destroy());
  return probe(agent, url, "/");
}

test.each<[string, Record<string, Page>, boolean | null]>([
  ["a challenge", { "/": { status: 401 } }, true],
  ["a form with a password", { "/": { body: "<form><INPUT class=x Type=password>" } }, true],
  ["a redirect to a login", { "/": { status: 302, headers: { location: "/login?next=/" } } }, true],
  [
    "a redirect to a page with a form",
    { "/": { status: 302, headers: { location: "app/" } }, "/app/": { body: "<input type='password'>" } },
    true,
  ],
  ["an open page", { "/": { body: "<h1>Welcome</h1>" } }, false],
  ["a page that scripts build", { "/": { body: "<script src=app.js></script>" } }, false],
  ["a redirect to an open page", { "/": { status: 307, headers: { location: "/app" } }, "/app": {} }, false],
  ["nothing at its root", {}, false],
  ["a failure", { "/": { status: 500 } }, null],
  ["a circle of redirects", { "/": { status: 302, headers: { location: "/" } } }, null],
  [
    "a redirect to elsewhere",
    { "/": { status: 302, headers: { location: "http://elsewhere.invalid/" } } },
    null,
  ],
])("%s means that the plugin authenticates: %#", async (_name, pages, expected) => {
  expect((await probed(pages)).authenticates).toBe(expected);
});

test("variables at /env count as no login, whatever the first page says", async () => {
  const pages = { "/": { status: 401 }, "/env": { body: '{"THINGER_TOKEN_X":"secret"}' } };
  const { authenticates, warnings } = await probed(pages);
  expect(authenticates).toBe(false);
  expect(warnings.join()).toContain("/env");
  expect(warnings.join()).not.toContain("secret");
});

test("nobody there cannot be judged", async () => {
  const agent = createPluginAgent();
  onTestFinished(() => agent.destroy());
  expect((await probe(agent, "http://127.0.0.1:1", "/")).authenticates).toBeNull();
});
