import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { createSession } from "../../../../src/adapters/container/thinger/session.ts";
import { createHttpClient } from "../../../../src/adapters/http/client.ts";
import { makeConnection } from "../../../helpers/adapter-connection.ts";
import { serveHttp } from "../../../helpers/http-server.ts";

/** What Thinger.io answers, as far as signing in goes. */
async function thinger() {
  const forms: string[] = [];
  const { url } = await serveHttp(async (request, response) => {
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url === "/oauth/token") {
      const form = await text(request);
      forms.push(`${request.headers["content-type"]} ${form}`);
      const isRight = new URLSearchParams(form).get("password") === "p&=ß";
      if (!isRight) answer(400, { error: "invalid_grant", error_description: "no" });
      else answer(200, { access_token: "jwt", token_type: "bearer", expires_in: 7200, refresh_token: "r" });
    } else if (request.url === "/v1/users/ann/plugins") {
      const isKnown = request.headers.authorization === "Bearer jwt";
      answer(isKnown ? 200 : 401, isKnown ? [] : { error: {} });
    } else answer(404, { error: { message: "not found" } });
  });
  const session = createSession(createHttpClient(makeConnection({ url }), { prefix: "/api/v1" }), "ann");
  return { session, forms };
}

it("signs in to a Thinger.io server by the password flow, and keeps its access token", async () => {
  const { session, forms } = await thinger();
  expect(await session.login({ login: "ann", password: "p&=ß", note: "x" })).toEqual({
    token: "jwt",
    login: "ann",
  });
  expect(forms).toEqual([
    "application/x-www-form-urlencoded grant_type=password&username=ann&password=p%26%3D%C3%9F",
  ]);
  expect(await session.whoami("jwt")).toEqual({ login: "ann", roles: [], expiresAt: null });
  await session.logout("jwt");
});

it("refuses what the server refuses", async () => {
  const { session } = await thinger();
  const wrong = session.login({ login: "ann", password: "wrong", note: "x" });
  await expect(wrong).rejects.toMatchObject({ code: "UNAUTHENTICATED", exitCode: 4 });
  await expect(session.whoami("old")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
});
