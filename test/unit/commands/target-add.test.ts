import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { makeCli } from "../../helpers/run-cli.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

const configOf = async (words: string) => {
  const cwd = await makeTempDir();
  const cli = await makeCli(cwd);
  const { code, stderr } = await cli(`target add edge --kind container ${words}`, { cwd });
  if (code !== 0) throw new Error(stderr);
  return { cwd, text: await readFile(`${cwd}/config/config.yaml`, "utf8") };
};

it("keeps what only container targets have, with folders and files as absolute paths", async () => {
  const { cwd, text } = await configOf(
    "--url tcp://127.0.0.1:2376 --cert c.pem --key k.pem --ca ca.pem --user ann --swarm --public-host edge.example.com " +
      "--catalogue ./market --catalogue https://example.com/plugins.git#v1,2 --catalogue git:./repo",
  );
  for (const line of [
    "url: tcp://127.0.0.1:2376",
    `ca: ${cwd}/ca.pem`,
    `cert: ${cwd}/c.pem`,
    `key: ${cwd}/k.pem`,
    "user: ann",
    "swarm: true",
    "host: edge.example.com",
    `- ${cwd}/market`,
    "- https://example.com/plugins.git#v1,2",
    `- git:${cwd}/repo`,
  ]) {
    expect(text).toContain(line);
  }
});

it("takes a Thinger.io server instead of an engine", async () => {
  const { text } = await configOf("--thinger https://thinger.example.com");
  expect(text).toContain("url: https://thinger.example.com");
  expect(text).toContain("thinger: true");
});

it("keeps what only Debian hosts have", async () => {
  const cwd = await makeTempDir();
  const cli = await makeCli(cwd);
  const words = "--url http://pbx:9503 --auth http://pbx:9497 --amqp amqp://plugctl@pbx:5672";
  expect((await cli(`target add pbx --kind deb ${words}`)).code).toBe(0);
  const text = await readFile(`${cwd}/config/config.yaml`, "utf8");
  expect(text).toContain("auth: http://pbx:9497");
  expect(text).toContain("amqp: amqp://plugctl@pbx:5672");
});

it.each([
  ["target add x --kind store --url https://a --amqp amqp://b", "--amqp is for targets of kind deb"],
  ["target add x --kind deb --url https://a --user b", "--user is for targets of kind container"],
  ["target add x --kind deb --url https://a --amqp http://b", "--amqp: must be a URL such as amqp://"],
  ["target add x --kind deb --url https://a --amqp amqp://a:b@c", "without a password"],
  [
    "target add x --kind deb --url https://a --auth amqp://b",
    "--auth: must be a URL such as http://host:9497",
  ],
  ["target add x --kind container", "either --url or --thinger"],
  ["target add x --kind container --url unix:///a --thinger https://b", "either --url or --thinger"],
  ["target add x --kind store --url https://a --swarm", "--swarm is for targets of kind container"],
  ["target add x --kind store --url https://a --catalogue m", "--catalogue is for targets of kind container"],
  ["target add x --kind container --url unix:///a --user a/b", "--user: must be"],
  ["target add x --kind container --url gopher://a", "--url: must be a URL"],
])("%s is a usage error", async (line, words) => {
  const { code, stderr } = await (await makeCli())(line);
  expect(code).toBe(2);
  expect(stderr).toContain(words);
});
