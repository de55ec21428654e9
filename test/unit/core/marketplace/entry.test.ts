import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEntry } from "../../../../src/core/marketplace/entry.ts";

const MINIMAL = { name: "lab", version: "1.0.0" };

describe("parseEntry", () => {
  it("keeps members that nobody knows, and reports where they stand", () => {
    const json = {
      ...MINIMAL,
      colour: "red",
      task: {
        type: "docker",
        image: "x",
        restart: "always",
        volumes: [{ source: "a", target: "/a", ro: true }],
      },
      tokens: { t: { allow: { Plugin: { "*": "*" } }, days: 3 } },
      resources: { products: [{ product: "p", anything: { deep: 1 } }], devices: [] },
    };
    const entry = parseEntry(json);
    expect(entry.unknown.sort()).toEqual([
      "colour",
      "resources.devices",
      "task.restart",
      "task.volumes[0].ro",
      "tokens.t.days",
    ]);
    expect(entry.file).toEqual(json);
  });

  it("names each member that does not have the form it must have", () => {
    const json = { name: "../x", version: "1.0.0", task: { type: "docker", image: 3, port: 0 } };
    expect(() => parseEntry(json, { directory: "lab" })).toThrowError(
      expect.objectContaining({
        code: "INVALID",
        message: expect.stringMatching(/^lab\/plugin\.json: name must be letters/),
        details: {
          errors: [
            expect.objectContaining({ path: "name" }),
            { path: "task.image", message: "must be a string" },
            { path: "task.port", message: "must be a port number" },
          ],
        },
      }),
    );
  });

  it("falls back where an entry says nothing", () => {
    expect(parseEntry(MINIMAL)).toMatchObject({
      title: "lab",
      category: "other",
      kind: "resources",
      directory: null,
      description: null,
      icon: null,
    });
    const { category, icon } = parseEntry({
      ...MINIMAL,
      metadata: { category: " Devices ", image: "a.png" },
    });
    expect([category, icon]).toEqual(["devices", "a.png"]);
  });

  it("takes no folder that leads elsewhere", () => {
    expect(parseEntry({ ...MINIMAL, repository: { directory: "../../etc" } }).directory).toBeNull();
    expect(parseEntry({ ...MINIMAL, repository: { directory: "lab/" } }).directory).toBe("lab");
  });

  it("refuses any other value with an error of its own", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (whole, task) => {
        for (const json of [whole, { ...MINIMAL, task }, { ...MINIMAL, resources: whole, tokens: task }]) {
          try {
            parseEntry(json);
          } catch (error) {
            expect(error).toMatchObject({ code: "INVALID" });
          }
        }
      }),
    );
  });
});
