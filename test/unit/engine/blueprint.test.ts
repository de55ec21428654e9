import fc from "fast-check";
import { expect, it } from "vitest";
import type { SettingsChange } from "../../../src/core/settings.ts";
import { readBlueprint, writeBlueprint } from "../../../src/engine/blueprint.ts";
import { engineEnv } from "../../../src/engine/body.ts";
import { LABEL } from "../../../src/engine/labels.ts";
import { recipeOfImage } from "../../../src/engine/recipe.ts";
import {
  mergeSettings,
  parsePort,
  parseVolume,
  type UserSettings,
} from "../../../src/engine/user-settings.ts";

const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
const value = fc.string({ maxLength: 20 });

it("is read back as it was written, values from the environment and none in the label", () => {
  fc.assert(
    fc.property(fc.dictionary(name, value), fc.dictionary(name, fc.option(value)), (planned, wanted) => {
      const recipe = { ...recipeOfImage("demo:1"), env: planned };
      const settings: UserSettings = { env: wanted, ports: ["1:2"], memoryBytes: 7 };
      const label = writeBlueprint(recipe, settings);
      const environment = engineEnv(recipe, settings).filter((line) => line.includes("="));
      const read = readBlueprint({ [LABEL.blueprint]: label }, environment);
      expect(engineEnv(read?.recipe ?? recipe, read?.settings ?? {}).sort()).toEqual(
        engineEnv(recipe, settings).sort(),
      );
      expect(read?.settings.ports).toEqual(["1:2"]);
      expect(read?.settings.memoryBytes).toBe(7);
    }),
  );
  const secret = writeBlueprint(
    { ...recipeOfImage("demo:1"), env: { A: "s3cret" } },
    { env: { B: "s3cret" } },
  );
  expect(secret).not.toContain("s3cret");
});

it.each([undefined, "", "{", "[]", '{"image":1}'])("a label %j tells nothing", (label) => {
  expect(readBlueprint(label === undefined ? {} : { [LABEL.blueprint]: label }, [])).toBeUndefined();
});

it("merges settings by variable, by path in the container and by port in the container", () => {
  const before: UserSettings = {
    env: { A: "1", B: "2" },
    volumes: ["x:/a", "y:/b:ro"],
    ports: ["1:80", "2:53/udp"],
    pids: 9,
  };
  const change: SettingsChange = { env: { B: null, C: "3" }, volumes: ["z:/b"], ports: ["9:80"], cpus: 2 };
  expect(mergeSettings(before, change)).toEqual({
    env: { A: "1", B: null, C: "3" },
    volumes: ["x:/a", "z:/b"],
    ports: ["2:53/udp", "9:80"],
    pids: 9,
    cpus: 2,
  });
});

it("keeps the names of secrets, and never their content", () => {
  const [password, key] = [Buffer.from("p"), Buffer.from("k")];
  const first = mergeSettings({}, { secrets: { password, key } });
  expect(first).toEqual({ secrets: ["key", "password"] });
  expect(mergeSettings(first, { secrets: { key: null, other: key } })).toEqual({
    secrets: ["other", "password"],
  });
  expect(mergeSettings(first, { secrets: { key: null, password: null } })).toEqual({});
});

it.each([
  ["80:8080", { key: "8080/tcp", address: "127.0.0.1", hostPort: "80" }],
  ["0.0.0.0:53:53/udp", { key: "53/udp", address: "0.0.0.0", hostPort: "53" }],
  ["[::1]:1:2", { key: "2/tcp", address: "::1", hostPort: "1" }],
])("port %s", (text, parsed) => {
  expect(parsePort(text)).toEqual(parsed);
});

it("volume a:/b/:ro", () => {
  expect(parseVolume("a:/b/:ro")).toEqual({ source: "a", target: "/b", readOnly: true });
});
