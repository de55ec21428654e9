import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderMarkdown } from "../../../src/output/markdown.ts";

const PLAIN = { color: false, unicode: true };
/** All that a terminal obeys, save tabs and line breaks. */
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

const README = `# Grafana *for* all

Some **bold** text with a [link](https://example.com/a), wide 漢字 and \`code\`, which goes on and on and on and on.

- one
  - two

| Port | Use |
|------|-----|
| 3000 | web |

\`\`\`js
let a = 1;
\`\`\`
`;

describe("renderMarkdown", () => {
  it("leaves no markup and no colour in plain text", () => {
    const text = renderMarkdown(README, PLAIN);
    expect(text).toMatch(/^Grafana for all\n/);
    expect(text).toContain(
      "Some bold text with a link (https://example.com/a), wide 漢字 and code, which goes on",
    );
    expect(text).toContain("let a = 1;");
    expect(text).not.toMatch(/\*\*|\u001b/);
  });

  it("keeps to the width of the terminal", () => {
    const lines = renderMarkdown(README, { ...PLAIN, width: 40 }).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it("paints where there is colour, and draws tables with what the terminal can show", () => {
    expect(renderMarkdown(README, { color: true, unicode: true, width: 80 })).toContain("\u001b[1m");
    expect(renderMarkdown(README, PLAIN)).toContain("│ 3000 │");
    expect(renderMarkdown(README, { ...PLAIN, unicode: false })).toContain("| 3000 |");
  });

  it.each([
    ["an escape sequence", "a \u001b[8mb"],
    ["an entity", "a &#27;[8mb &#x1b;]0;title&#7;"],
    ["an entity without its semicolon", "a &#27[8mb"],
    ["an entity in an entity", "a &#38;#27;[8mb &amp;#27;[8m"],
    ["a C1 control", "a &#155;8mb \u009b8m"],
    ["an override of the direction", "a &#x202e;b &rlm; \u202e"],
    ["code", "`\u001b[8m` and\n\n    &#27;[8m"],
    ["a link", "[a](https://x/\u001b[8m) <https://x/&#27;[8m>"],
    ["an impossible character", "&#99999999; &#xffffffff; &#0;"],
  ])("lets nothing steer the terminal: %s", (_, markdown) => {
    for (const color of [false, true]) {
      const text = renderMarkdown(markdown, { color, unicode: true, width: 80 });
      expect(text).not.toContain("\u001b[8m");
      expect(text.replace(/\u001b\[(?:[0-9]|[234][0-9]|9[0-7])(?:;[0-9]+)*m/g, "")).not.toMatch(STEERING);
    }
  });

  it("lets nothing steer the terminal, whatever the text", () => {
    const piece = fc.constantFrom(
      "&#27;",
      "&#x9b;",
      "\u001b[8m",
      "`",
      "*",
      "[",
      "](",
      ")",
      "<",
      "|",
      "\n",
      "# ",
      "&",
      "#27;",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: "binary" }))), (parts) => {
        expect(renderMarkdown(parts.join(""), PLAIN)).not.toMatch(STEERING);
      }),
    );
  });

  it("shows an enormous text as it is written", () => {
    const text = "# a\n".repeat(200_000);
    expect(renderMarkdown(text, PLAIN)).toBe(text);
  });
});
