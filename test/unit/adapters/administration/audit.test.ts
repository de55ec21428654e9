import { expect, it, onTestFinished } from "vitest";
import { createAudit } from "../../../../src/adapters/administration/audit.ts";
import { createHttpClient } from "../../../../src/adapters/http/client.ts";
import { makeConnection } from "../../../helpers/adapter-connection.ts";
import { serveHttp } from "../../../helpers/http-server.ts";

/** A server with rows 1 to `rows` that hands out at most `page` of them at once. */
async function serveAudit(rows: number, page: number) {
  const asked: URLSearchParams[] = [];
  const { url } = await serveHttp((request, response) => {
    const query = new URL(request.url ?? "", "http://localhost").searchParams;
    asked.push(query);
    const before = Number(query.get("before") ?? rows + 1);
    const count = Math.min(page, Number(query.get("limit")), before - 1);
    const items = Array.from({ length: count }, (_, index) => ({
      seq: before - 1 - index,
      at: "2026-03-01T12:00:00.000Z",
      actor: "ada",
      action: "user.create",
      resource: "user:x",
      outcome: "ok",
      ip: null,
    }));
    const next = before - 1 - count > 0 ? (items.at(-1)?.seq ?? null) : null;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ items, next }));
  });
  const client = createHttpClient(makeConnection({ url }), { prefix: "/api/v1" });
  onTestFinished(() => client.close());
  return { audit: createAudit(client), asked };
}

it("pages backwards until there is enough", async () => {
  const { audit, asked } = await serveAudit(30, 10);
  const items = await audit.query({ actor: "ada", since: undefined, limit: 25 });
  expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: 25 }, (_, index) => 30 - index));
  expect(asked.map((query) => query.get("limit"))).toEqual(["25", "15", "5"]);
  expect(asked.every((query) => query.get("actor") === "ada" && !query.has("since"))).toBe(true);
});

it("stops at the end of the log, also when the server promises a page that is empty", async () => {
  const { audit } = await serveAudit(3, 10);
  expect(await audit.query({ limit: 100 })).toHaveLength(3);
  const endless = await serveAudit(3, 0);
  expect(await endless.audit.query({ limit: 100 })).toEqual([]);
});

it("asks for no more than a server hands out at once", async () => {
  const { audit, asked } = await serveAudit(10, 10);
  await audit.query({ limit: 5000 });
  expect(asked[0]?.get("limit")).toBe("1000");
});
