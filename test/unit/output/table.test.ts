import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStyle } from "../../../src/output/style.ts";
import { type Column, renderTable, renderTsv } from "../../../src/output/table.ts";
import { displayWidth, prepareWidths } from "../../../src/output/width.ts";
import { plainTerminal } from "../../helpers/terminal.ts";

const now = new Date("2026-01-02T00:00:00Z");
const { terminal } = plainTerminal();
const style = await createStyle(terminal, "stdout", "never");
const columns: Column[] = [
  { key: "name", drop: 0 },
  { key: "state", as: "state", drop: 1 },
  { key: "description", drop: 3 },
  { key: "sizeBytes", title: "size", as: "size", drop: 2 },
];
const widest = (table: string) => Math.max(...table.split("\n").map(displayWidth));

describe("a table", () => {
  it("aligns columns, right for numbers, and writes titles in capitals", async () => {
    const rows = [
      { name: "orders", state: "available", description: "Orders", sizeBytes: 1234 },
      { name: "@acme/maps", state: "failed", description: null, sizeBytes: 5 },
    ];
    expect(await renderTable(rows, columns, { width: 80, style, now })).toBe(
      [
        "NAME         STATE       DESCRIPTION     SIZE",
        "orders       available   Orders        1.2 kB",
        "@acme/maps   failed                       5 B",
        "",
      ].join("\n"),
    );
  });

  it("counts East Asian characters as two columns", async () => {
    const rows = [
      { name: "天気予報", state: "ok" },
      { name: "x", state: "ok" },
    ];
    const table = await renderTable(rows, columns.slice(0, 2), { width: 80, style, now });
    await prepareWidths(["天"]);
    expect(table.split("\n").slice(1, 3)).toEqual(["天気予報   ok", "x          ok"]);
  });

  it("shortens the widest column first, while it stays comfortable to read, and marks the cut", async () => {
    const rows = [{ name: "orders", state: "available", description: "d".repeat(100), sizeBytes: 1 }];
    const table = await renderTable(rows, columns, { width: 60, style, now });
    expect(widest(table)).toBeLessThanOrEqual(60);
    expect(table).toMatch(/d{20,}…/);
  });

  it("drops the least important columns before it squeezes the others", async () => {
    const rows = [{ name: "orders", state: "available", description: "d".repeat(100), sizeBytes: 1 }];
    const titles = async (width: number) =>
      (await renderTable(rows, columns, { width, style, now })).split("\n")[0]?.trim().split(/ +/);
    expect(await titles(50)).toEqual(["NAME", "STATE", "DESCRIPTION", "SIZE"]);
    expect(await titles(40)).toEqual(["NAME", "STATE", "SIZE"]);
    expect(await titles(20)).toEqual(["NAME", "STATE"]);
    expect(await titles(10)).toEqual(["NAME"]);
  });

  it("squeezes what may not be dropped when nothing else is left", async () => {
    const rows = [{ name: "n".repeat(40), version: "1.0.0" }];
    const fixed: Column[] = [
      { key: "name", drop: 0 },
      { key: "version", drop: 0 },
    ];
    const table = await renderTable(rows, fixed, { width: 20, style, now });
    expect(table).toContain("nnnnnnnn…");
    expect(widest(table)).toBeLessThanOrEqual(20);
  });

  it("fits any width that the columns which may not be dropped fit", async () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: cell, state: cell, description: cell }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 12, max: 120 }),
        async (rows, width) => {
          await prepareWidths(["天"]);
          const table = await renderTable(rows, columns.slice(0, 3), { width, style, now });
          expect(widest(table)).toBeLessThanOrEqual(width);
          expect(table.replace(/\n$/, "").split("\n")).toHaveLength(rows.length + 1);
        },
      ),
    );
  });

  it("keeps text that a server supplied from steering the terminal", async () => {
    const rows = [{ name: "a\u001b[31mred\u0007\u202e", state: "ok" }];
    const table = await renderTable(rows, columns.slice(0, 2), { width: 80, style, now });
    expect(table).toContain("a[31mred ");
    expect(table).not.toMatch(/[\u001b\u0007\u202e]/);
  });

  it("is tab-separated, whole and without titles in a pipe", () => {
    const rows = [{ name: "orders", state: "available", description: "two\twords\nhere", sizeBytes: 1234 }];
    expect(renderTsv(rows, columns)).toBe("orders\tavailable\ttwo words here\t1234\n");
  });
});
