import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { newPassword, readSecretLine } from "../../../src/commands/secret-input.ts";
import { Host } from "../../../src/host.ts";
import { type InputStream, Terminal } from "../../../src/output/terminal.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

async function hostWith(
  stdin: Readable & { isTTY?: boolean },
  signal = new AbortController().signal,
): Promise<Host> {
  const folder = await makeTempDir();
  const { stdout, stderr } = process;
  const terminal = new Terminal({ stdin: stdin as InputStream, stdout, stderr }, {});
  const env = { HOME: folder, PLUGCTL_CONFIG_DIR: folder };
  return Host.create({ terminal, env, cwd: folder, version: "0", flags: {}, signal, now: () => new Date() });
}
const secretOf = async (...chunks: (string | Buffer)[]) =>
  readSecretLine(await hostWith(Readable.from(chunks)));

it("reads the first line, whatever pieces it comes in", async () => {
  expect(await secretOf("secret\n")).toBe("secret");
  expect(await secretOf("sec", "ret\r\n", "more")).toBe("secret");
  const bytes = Buffer.from("pässword");
  expect(await secretOf(bytes.subarray(0, 2), bytes.subarray(2))).toBe("pässword");
});

it("refuses nothing, too much, and a terminal", async () => {
  await expect(secretOf()).rejects.toMatchObject({ code: "USAGE" });
  await expect(secretOf("\nsecret")).rejects.toMatchObject({ code: "USAGE" });
  await expect(secretOf("x".repeat(70_000))).rejects.toMatchObject({ code: "USAGE" });
  const terminal = Object.assign(Readable.from(["secret\n"]), { isTTY: true });
  await expect(readSecretLine(await hostWith(terminal))).rejects.toMatchObject({ code: "USAGE" });
});

it("stops reading when the run is interrupted", async () => {
  const abort = new AbortController();
  const host = await hostWith(new Readable({ read() {} }), abort.signal);
  const reading = readSecretLine(host);
  abort.abort();
  await expect(reading).rejects.toThrow();
});

it("makes passwords that differ, of letters and digits that are not taken for one another", async () => {
  const host = await hostWith(Readable.from([]));
  const made = await Promise.all(
    Array.from({ length: 20 }, () => newPassword(host, "ada", { generatePassword: true })),
  );
  expect(new Set(made.map(({ password }) => password)).size).toBe(20);
  for (const { password } of made) expect(password).toMatch(/^[2-9A-HJ-NP-Za-km-z]{24}$/);
});

it("takes a password from one place only", async () => {
  const host = await hostWith(Readable.from(["x"]));
  const both = { passwordStdin: true, generatePassword: true };
  await expect(newPassword(host, "ada", both)).rejects.toMatchObject({ code: "USAGE" });
});
