import { describe, expect, it } from "vitest";
import { storeModule } from "../../../../src/server/store/module.ts";
import { caller } from "../../../helpers/http-client.ts";
import { makeApp } from "../../../helpers/server-context.ts";

describe("a provider that owns plugins", () => {
  it("cannot be removed", async () => {
    const { app, admin, frame } = await makeApp({ modules: [storeModule] });
    await frame.context.database
      .$extendTables<{
        plugin: { id: string; provider_id: string; created_at: string; updated_at: string };
      }>()
      .insertInto("plugin")
      .values({ id: "orders", provider_id: "local", created_at: "", updated_at: "" })
      .execute();
    const root = caller(app, admin.headers.authorization);
    expect(await root("DELETE", "providers/local")).toMatchObject({
      status: 409,
      body: { code: "provider_in_use" },
    });
    expect((await root("GET", "providers/local")).status).toBe(200);
  });
});
