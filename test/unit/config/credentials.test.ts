import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CredentialStore } from "../../../src/config/credentials.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const query = { target: "work", url: "https://plugins.example.com/x", source: undefined };

async function makeStore(env: NodeJS.ProcessEnv = {}) {
  const folder = await makeTempDir();
  return { folder, store: new CredentialStore(folder, env) };
}

describe("credentials", () => {
  it("are kept in a file of mode 0600", async () => {
    const { folder, store } = await makeStore();
    await store.save("work", query.url, { token: "secret-1", login: "ada" });
    expect((await stat(join(folder, "credentials.json"))).mode & 0o777).toBe(0o600);
    expect(await store.find(query)).toBe("secret-1");
  });

  it("are not read from a file that others can read", async () => {
    const { folder, store } = await makeStore();
    await store.save("work", query.url, { token: "secret-1" });
    await chmod(join(folder, "credentials.json"), 0o644);
    await expect(store.find(query)).rejects.toMatchObject({
      code: "CONFIG",
      hint: expect.stringContaining("chmod 600"),
    });
  });

  it("are never sent to another endpoint than the one that issued them", async () => {
    const { store } = await makeStore();
    await store.save("work", query.url, { token: "secret-1" });
    expect(await store.find({ ...query, url: "https://evil.example.com" })).toBeUndefined();
    expect(await store.find({ ...query, url: "http://plugins.example.com" })).toBeUndefined();
    expect(await store.find({ ...query, url: "https://plugins.example.com/other/path" })).toBe("secret-1");
  });

  it("come from PLUGCTL_TOKEN, then PLUGCTL_TOKEN_FILE, then the target's source, then the file", async () => {
    const { folder, store } = await makeStore();
    await store.save("work", query.url, { token: "from-file" });
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "from-token-file\n", { mode: 0o600 });
    const find = (env: NodeJS.ProcessEnv, source?: { env: string } | { command: string[] }) =>
      new CredentialStore(folder, env).find({ ...query, source });
    const all = { PLUGCTL_TOKEN: "from-env", PLUGCTL_TOKEN_FILE: tokenFile, OTHER: "from-source" };
    expect(await find(all, { env: "OTHER" })).toBe("from-env");
    expect(await find({ ...all, PLUGCTL_TOKEN: "" }, { env: "OTHER" })).toBe("from-token-file");
    expect(await find({ OTHER: "from-source" }, { env: "OTHER" })).toBe("from-source");
    expect(await find({}, { command: ["echo", "from-command"] })).toBe("from-command");
    expect(await find({})).toBe("from-file");
  });

  it("say without showing anything secret when a source fails", async () => {
    const { store } = await makeStore();
    await expect(store.find({ ...query, source: { env: "NOT_SET" } })).rejects.toThrow(
      /\$NOT_SET, which is not set/,
    );
    const failing = store.find({
      ...query,
      source: { command: ["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"] },
    });
    await expect(failing).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringMatching(/"sh"\) failed \(3\)/),
    });
    await expect(failing).rejects.not.toThrow(/hunter2/);
  });

  it("are forgotten when removed, and the others stay", async () => {
    const { folder, store } = await makeStore();
    await store.save("work", query.url, { token: "secret-1" });
    await store.save("home", query.url, { token: "secret-2" });
    await store.remove("work");
    expect(await store.find(query)).toBeUndefined();
    expect(await readFile(join(folder, "credentials.json"), "utf8")).not.toContain("secret-1");
    expect(await store.find({ ...query, target: "home" })).toBe("secret-2");
  });
});
