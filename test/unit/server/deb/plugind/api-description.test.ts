import { expect, test } from "vitest";
import { parse } from "yaml";
import { apiDescription } from "../../../../../src/server/deb/plugind/api-description.ts";

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; schema?: unknown; type?: string; required?: boolean }[];
  responses: Record<string, { description: string }>;
}
interface Description {
  swagger: string;
  info: { title: string; version: string };
  basePath: string;
  schemes?: string[];
  paths: Record<string, Record<string, Operation>>;
  definitions: Record<string, unknown>;
}

const description: Description = parse(apiDescription(undefined));

/** Every `$ref` in a value. */
function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" ? [String(inner)] : references(inner),
  );
}

test("the description is Swagger 2.0 that is whole in itself", () => {
  expect(description).toMatchObject({ swagger: "2.0", basePath: "/0.2", info: { version: "0.2" } });
  expect(description.schemes).toBeUndefined();
  for (const reference of references(description)) {
    expect(Object.keys(description.definitions).map((name) => `#/definitions/${name}`)).toContain(reference);
  }
});

test("each operation has an id of its own, answers, and the parameters that its path names", () => {
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(description.paths)) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    for (const { operationId, parameters, responses } of Object.values(operations)) {
      expect(ids.has(operationId)).toBe(false);
      ids.add(operationId);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(["200", "401", "503"]));
      const inPath = parameters.filter((parameter) => parameter.in === "path");
      expect(inPath.map(({ name, required }) => [name, required])).toEqual(named.map((name) => [name, true]));
      for (const parameter of parameters) {
        expect(parameter.in === "body" ? parameter.schema : parameter.type).toBeDefined();
      }
    }
  }
  expect(ids.size).toBe(8);
});

test("behind a proxy it is reached below the proxy's path, by TLS", () => {
  expect(parse(apiDescription("/api/plugind"))).toMatchObject({
    basePath: "/api/plugind/0.2",
    schemes: ["https"],
  });
});
