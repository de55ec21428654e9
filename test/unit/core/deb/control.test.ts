import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatParagraphs, Paragraph, parseParagraphs } from "../../../../src/core/deb/control.ts";

const STATUS = `Package: one
Status: install ok installed
Conffiles:
 /etc/one 0123
 /etc/two 4567
Description: short
 long
 .
 end

Package: two
Version: 1:2-3

`;

describe("parseParagraphs", () => {
  it("reads fields by name, whatever its case, with their further lines", () => {
    const [one, two] = parseParagraphs(STATUS);
    expect(one?.get("package")).toBe("one");
    expect(one?.get("CONFFILES")).toBe("\n /etc/one 0123\n /etc/two 4567");
    expect(one?.get("Description")).toBe("short\n long\n .\n end");
    expect(two?.get("Version")).toBe("1:2-3");
    expect(two?.get("Status")).toBeUndefined();
  });

  it("writes the bytes that it has read", () => {
    expect(formatParagraphs(parseParagraphs(STATUS))).toBe(STATUS);
  });

  it.each([" begins with a blank", "no field", ": x", "a b: c"])("refuses %j, naming the line", (line) => {
    expect(() => parseParagraphs(`Package: x\n\n${line}\n`)).toThrow(
      expect.objectContaining({ code: "INVALID", message: expect.stringContaining("line 3") }),
    );
  });

  it("reads back every paragraph that can be written", () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,9}$/);
    const line = fc.stringMatching(/^[!-~]([ -~]{0,8}[!-~])?$/);
    const value = fc
      .tuple(line, fc.array(line, { maxLength: 3 }))
      .map(([first, more]) => [first, ...more].join("\n "));
    const paragraph = fc
      .uniqueArray(fc.tuple(name, value), {
        minLength: 1,
        maxLength: 5,
        selector: ([key]) => key.toLowerCase(),
      })
      .map((fields) => new Paragraph(fields));
    fc.assert(
      fc.property(fc.array(paragraph, { maxLength: 4 }), (paragraphs) => {
        const read = parseParagraphs(formatParagraphs(paragraphs));
        expect(read.map((one) => [...one])).toEqual(paragraphs.map((one) => [...one]));
      }),
    );
  });
});

describe("Paragraph", () => {
  it.each(["x\nDepends: evil", "x\n\nPackage: evil", "x\n \nPackage: evil", "x\r\n y"])(
    "refuses to write the value %j, which would begin something else",
    (value) => {
      expect(() => String(new Paragraph([["Description", value]]))).toThrow(
        expect.objectContaining({ code: "INVALID" }),
      );
    },
  );

  it("changes, adds and takes out fields and keeps their order", () => {
    const changed = new Paragraph([
      ["Package", "x"],
      ["Status", "install ok installed"],
      ["Triggers-Pending", "y"],
    ]).with({ status: "deinstall ok config-files", "triggers-pending": undefined, Added: "1" });
    expect(String(changed)).toBe("Package: x\nStatus: deinstall ok config-files\nAdded: 1\n");
  });
});
