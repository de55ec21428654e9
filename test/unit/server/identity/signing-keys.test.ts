import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { openSigningKeys } from "../../../../src/server/identity/signing-keys.ts";
import { makeTempDir } from "../../../helpers/temp-dir.ts";

async function setUp() {
  const file = join(await makeTempDir(), "keys", "signing.json");
  let time = Date.parse("2026-01-01T00:00:00Z");
  const now = () => new Date(time);
  return {
    file,
    now,
    open: () => openSigningKeys(file, now),
    wait: (minutes: number) => {
      time += minutes * 60_000;
    },
  };
}
const claims = { sub: "user", sid: "session" };

describe("signing keys", () => {
  it("are kept in a private file and verify what they signed after a restart", async () => {
    const { file, open } = await setUp();
    const token = await (await open()).sign(claims);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await (await open()).verify(token)).toMatchObject(claims);
  });

  it("refuse a token after fifteen minutes", async () => {
    const { open, wait } = await setUp();
    const keys = await open();
    const token = await keys.sign(claims);
    wait(14.9);
    await expect(keys.verify(token)).resolves.toMatchObject(claims);
    wait(0.2);
    await expect(keys.verify(token)).rejects.toMatchObject({ code: "ERR_JWT_EXPIRED" });
  });

  it("rotate: new tokens have the new key, old ones stay good, and the old key goes when none is left", async () => {
    const { file, open, wait } = await setUp();
    const keys = await open();
    const old = await keys.sign(claims);
    wait(1);
    const kid = await keys.rotate();
    const fresh = await keys.sign(claims);
    expect(decodeProtectedHeader(fresh).kid).toBe(kid);
    expect(decodeProtectedHeader(old).kid).not.toBe(kid);
    await expect(keys.verify(old)).resolves.toMatchObject(claims);
    expect(keys.jwks().keys).toHaveLength(2);
    const stored = JSON.parse(await readFile(file, "utf8"));
    expect(stored.keys.map((key: { jwk: { d?: string } }) => key.jwk.d !== undefined)).toEqual([true, false]);
    await expect((await open()).verify(old)).resolves.toMatchObject(claims);
    wait(15);
    expect(keys.jwks().keys.map((key) => key.kid)).toEqual([kid]);
  });

  it("publish no private part", async () => {
    const keys = await (await setUp()).open();
    await keys.rotate();
    for (const key of keys.jwks().keys) {
      expect(Object.keys(key).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    }
  });

  it("refuse tokens of another server, unsigned ones, and ones for other purposes", async () => {
    const keys = await (await setUp()).open();
    const other = await (await setUp()).open();
    await expect(keys.verify(await other.sign(claims))).rejects.toThrow();
    const [, payload] = (await keys.sign(claims)).split(".");
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
    await expect(keys.verify(`${none}.${payload}.`)).rejects.toThrow();
    await expect(keys.verify(await keys.sign({ sub: "user" }))).rejects.toThrow(/sid/);
    await expect(keys.verify("nonsense")).rejects.toThrow();
  });

  it("that cannot be read stop the start instead of being replaced", async () => {
    const { file, open } = await setUp();
    await open();
    await writeFile(file, "{}");
    await expect(open()).rejects.toThrow(/cannot be read/);
  });
});
