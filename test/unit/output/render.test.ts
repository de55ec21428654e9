import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type OutputFormat, render } from "../../../src/output/render.ts";
import { done, type Result, record, rows, stream } from "../../../src/output/result.ts";
import { createStyle } from "../../../src/output/style.ts";
import { plainTerminal } from "../../helpers/terminal.ts";

const now = new Date("2026-01-02T00:00:00Z");

async function shown(
  result: Result,
  options: { format?: OutputFormat; fields?: string[]; quiet?: boolean; tty?: boolean } = {},
) {
  const { terminal, stdout, stderr } = plainTerminal({ tty: options.tty === true, env: { NO_COLOR: "1" } });
  await render(result, {
    format: options.format ?? "table",
    fields: options.fields,
    quiet: options.quiet === true,
    terminal,
    style: await createStyle(terminal, "stdout", "auto"),
    now,
  });
  return { stdout: stdout(), stderr: stderr() };
}

const plugins = rows(
  [
    { target: "s", name: "orders", version: "1.0.0", updatedAt: "2026-01-01T23:00:00Z" },
    { target: "s", name: "maps", version: "2.0.0", updatedAt: null },
  ],
  [{ key: "name", drop: 0 }, { key: "version" }, { key: "updatedAt", title: "updated", as: "time" }],
  { empty: "no plugins", nameOf: (row) => `${row.target}:${row.name}` },
);

describe("a list", () => {
  it("is a table with relative times on a terminal", async () => {
    const { stdout } = await shown(plugins, { tty: true });
    expect(stdout).toBe("NAME     VERSION   UPDATED\norders   1.0.0     1 hour ago\nmaps     2.0.0     \n");
  });

  it("is tab-separated with ISO times in a pipe", async () => {
    const { stdout } = await shown(plugins);
    expect(stdout).toBe("orders\t1.0.0\t2026-01-01T23:00:00Z\nmaps\t2.0.0\t\n");
  });

  it("is one array with every field as JSON, and the same data as YAML", async () => {
    const json = JSON.parse((await shown(plugins, { format: "json" })).stdout);
    expect(json).toEqual(plugins.rows);
    expect(parse((await shown(plugins, { format: "yaml" })).stdout)).toEqual(json);
  });

  it("is one object a line as JSON lines", async () => {
    const { stdout } = await shown(plugins, { format: "jsonl" });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(plugins.rows);
  });

  it("is references that commands accept with -o name and --quiet", async () => {
    expect((await shown(plugins, { format: "name" })).stdout).toBe("s:orders\ns:maps\n");
    expect((await shown(plugins, { quiet: true })).stdout).toBe("s:orders\ns:maps\n");
  });

  it("shows just the fields that were asked for, in their order", async () => {
    const { stdout } = await shown(plugins, { fields: ["version", "name"] });
    expect(stdout).toBe("1.0.0\torders\n2.0.0\tmaps\n");
    const json = await shown(plugins, { fields: ["version"], format: "json" });
    expect(JSON.parse(json.stdout)).toEqual([{ version: "1.0.0" }, { version: "2.0.0" }]);
  });

  it("refuses an unknown field and lists the ones there are", async () => {
    await expect(shown(plugins, { fields: ["nam"] })).rejects.toMatchObject({
      code: "USAGE",
      hint: "fields: name, target, updatedAt, version",
    });
  });

  it("says on stderr that it is empty, and is an empty array as JSON", async () => {
    const empty = rows([], plugins.columns, { empty: "no plugins" });
    expect(await shown(empty)).toEqual({ stdout: "", stderr: "no plugins\n" });
    expect((await shown(empty, { format: "json" })).stdout).toBe("[]\n");
  });
});

describe("one object", () => {
  const item = record({ name: "orders", empty: null, sizeBytes: 1500 }, [
    { key: "name" },
    { key: "empty" },
    { key: "sizeBytes", title: "size", as: "size" },
  ]);

  it("is a line a field on a terminal, without the empty ones", async () => {
    expect((await shown(item, { tty: true })).stdout).toBe("name:  orders\nsize:  1.5 kB\n");
  });

  it("is key and value in a pipe", async () => {
    expect((await shown(item)).stdout).toBe("name\torders\nempty\t\nsizeBytes\t1500\n");
  });
});

describe("a change", () => {
  const change = done("removed orders", { name: "orders", changed: true });

  it("is a sentence for people and the operation's result for scripts", async () => {
    expect((await shown(change)).stdout).toBe("✔ removed orders\n");
    expect(JSON.parse((await shown(change, { format: "json" })).stdout)).toEqual({
      name: "orders",
      changed: true,
    });
    expect((await shown(change, { quiet: true })).stdout).toBe("orders\n");
  });
});

describe("a stream", () => {
  async function* items() {
    yield { id: 1, type: "a" };
    yield { id: 2, type: "b" };
  }

  it("is a JSON object a line in either JSON format", async () => {
    for (const format of ["json", "jsonl"] as const) {
      const { stdout } = await shown(stream(items(), [{ key: "type" }]), { format });
      expect(stdout).toBe('{"id":1,"type":"a"}\n{"id":2,"type":"b"}\n');
    }
  });
});
