import { describe, expect, it } from "vitest";
import { parseConfigFile } from "../../../src/config/file.ts";

const parse = (text: string, origin: "user" | "project" = "user", path = "/home/u/config.yaml") =>
  parseConfigFile(path, text, origin);

const complaint = async (text: string, origin: "user" | "project" = "user", path?: string) => {
  try {
    await parse(text, origin, path);
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG" });
    return (error as Error).message;
  }
  return "accepted";
};

describe("a configuration file", async () => {
  it("is YAML, of which JSON is a part", async () => {
    const data = { target: "work", targets: { work: { kind: "store", url: "https://plugins.example.com" } } };
    expect((await parse(JSON.stringify(data))).data).toEqual(data);
    const yaml = "target: work\ntargets:\n  work: {kind: store, url: https://plugins.example.com}\n";
    expect((await parse(yaml)).data).toEqual(data);
  });

  it("may be empty", async () => {
    expect((await parse("")).data).toEqual({});
    expect((await parse("# nothing yet\n")).data).toEqual({});
  });

  it.each([
    ["an unknown key", "output: json\ntragets: {}\n", 'config.yaml:2: tragets: Unrecognized key: "tragets"'],
    ["a wrong value", "output: xml\n", "config.yaml:1: output: Invalid option"],
    [
      "an unknown kind",
      "targets:\n  a:\n    kind: shop\n    url: http://x\n",
      "config.yaml:3: targets.a.kind: Invalid option",
    ],
    ["no endpoint", "targets:\n  a:\n    kind: store\n", "config.yaml:2: targets.a.url: Invalid input"],
    [
      "an endpoint with a password",
      "targets:\n  a: {kind: store, url: 'http://u:p@x'}\n",
      "config.yaml:2: targets.a.url: must be a URL",
    ],
    [
      "an endpoint of another scheme",
      "targets:\n  a: {kind: store, url: 'ftp://x'}\n",
      "config.yaml:2: targets.a.url: must be a URL",
    ],
    ["a bad target name", "targets:\n  'a b': {kind: store, url: http://x}\n", "config.yaml:2: targets.a b:"],
    ["a bad duration", "color: auto\n\ntimeout: soon\n", "config.yaml:3: timeout: must be a duration"],
    ["a syntax error", "target: [a\n", "config.yaml:"],
    ["another version of the format", "version: 2\n", "config.yaml:1: version:"],
    ["a list at the top", "- a\n", "config.yaml:1: (top):"],
  ])("with %s is refused, naming file, line and key", async (_what, text, expected) => {
    expect(await complaint(text)).toContain(expected);
  });

  it("of a project may not say where credentials come from", async () => {
    const text = "targets:\n  a:\n    kind: store\n    url: http://x\n    credential: {env: SECRET}\n";
    expect(await complaint(text)).toBe("accepted");
    expect(await complaint(text, "project")).toContain(
      "config.yaml:5: targets.a.credential: a project file may not say",
    );
  });

  it.each(["auth: http://evil", "amqp: amqp://evil"])(
    "of a project may not say where credentials are sent (%s)",
    async (line) => {
      const text = `targets:\n  a:\n    kind: deb\n    url: http://x\n    deb:\n      ${line}\n`;
      await expect(parseConfigFile("config.yaml", text, "project")).rejects.toThrow(
        "config.yaml:6: targets.a.deb",
      );
      expect((await parseConfigFile("config.yaml", text, "user")).data.targets?.a?.kind).toBe("deb");
    },
  );

  it("may be the key plugctl of a package.json", async () => {
    const text = '{\n  "name": "x",\n  "plugctl": {\n    "output": "xml"\n  }\n}\n';
    expect(await complaint(text, "project", "/p/package.json")).toContain(
      "/p/package.json:4: output: Invalid option",
    );
  });

  it("shares that key with the manifest of a plugin", async () => {
    const text = JSON.stringify({ plugctl: { displayName: "Maps", sections: [], target: "work" } });
    expect((await parseConfigFile("/p/package.json", text, "project")).data).toEqual({ target: "work" });
  });
});
