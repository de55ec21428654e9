import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadTls } from "../../../src/server/start/tls.ts";
import { startKafkaServer } from "../../helpers/kafka-server.ts";
import { makeCli } from "../../helpers/run-cli.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const PASSWORD = "correct horse";
const RIGHTS = ["read", "deploy"];

it.each(["plain", "scram-sha-256", "scram-sha-512"])(
  "signs in by %s inside TLS, and keeps the password where nobody else can read it",
  async (mechanism) => {
    const dataDir = await makeTempDir();
    const tls = await loadTls("self-signed", dataDir, "127.0.0.1");
    const server = await startKafkaServer({ dataDir, network: { host: "127.0.0.1", tls, anyPort: true } });
    await server.addUser("ann", PASSWORD, RIGHTS);
    const folder = await makeTempDir();
    const cli = await makeCli(folder);
    const add = `target add stream --kind kafka --brokers ${server.address} --tls --sasl ${mechanism}`;
    await cli(`${add} --ca ${tls.caFile}`);

    expect(await cli("kafka topics list")).toMatchObject({ code: 4 });
    const wrong = await cli("login -u ann --password-stdin", { stdin: "battery staple" });
    expect(wrong.code).toBe(4);
    expect(wrong.stderr).toContain("stream refuses the user or the password");
    expect(await cli("login -u ann --password-stdin", { stdin: PASSWORD })).toMatchObject({ code: 0 });

    const credentials = join(folder, "config", "credentials.json");
    expect((await stat(credentials)).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, "config", "config.yaml"), "utf8")).not.toContain(PASSWORD);
    expect(JSON.parse((await cli("target test -o json")).stdout)).toMatchObject({ login: "ann", brokers: 1 });
    expect(await cli("kafka topics create words")).toMatchObject({ code: 0 });
    expect(await cli("kafka produce words", { stdin: "a\nb\n" })).toMatchObject({ code: 0 });
    const read = await cli("kafka tail words --from beginning --no-follow --fields value --verbose");
    expect(read).toMatchObject({ code: 0, stdout: "a\nb\n" });
    expect(read.stderr).not.toContain(PASSWORD);

    // The credential is for that broker alone.
    await cli(`${add} --ca ${tls.caFile} --overwrite --url kafka://127.0.0.1:1`);
    expect((await cli("kafka topics list")).stderr).toContain("you are not signed in");
    // A certificate of nobody known is not trusted.
    await cli(`${add} --overwrite`);
    const distrusted = await cli("kafka topics list");
    expect(distrusted.code).toBe(7);
    expect(distrusted.stderr).toContain("--ca FILE");
    await cli("logout");
    expect(await readFile(credentials, "utf8")).not.toContain(PASSWORD);
  },
);

it("takes the password from the environment, for the user that the target names", async () => {
  const server = await startKafkaServer();
  await server.addUser("ann", PASSWORD, RIGHTS);
  const folder = await makeTempDir();
  const cli = await makeCli(folder);
  await cli(`target add stream --kind kafka --brokers ${server.address} --sasl plain --user ann`);
  const env = { PLUGCTL_TOKEN: PASSWORD };
  expect(await cli("target test -o json", { env })).toMatchObject({ code: 0 });
  await writeFile(join(folder, "secret"), PASSWORD, { mode: 0o600 });
  const file = { PLUGCTL_TOKEN_FILE: join(folder, "secret") };
  expect(await cli("kafka topics list", { env: file })).toMatchObject({ code: 0 });
});

it("says what somebody may not do", async () => {
  const server = await startKafkaServer();
  await server.addUser("ann", PASSWORD, ["read"]);
  const cli = await makeCli();
  await cli(`target add stream --kind kafka --brokers ${server.address} --sasl plain --user ann`);
  const env = { PLUGCTL_TOKEN: PASSWORD };
  const { code, stderr } = await cli("kafka topics create mine", { env });
  expect(code).toBe(4);
  expect(stderr).toContain("you may not do that");
});
