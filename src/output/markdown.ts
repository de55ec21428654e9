import { render } from "markdansi";
import { sanitize } from "./sanitize.ts";

export interface MarkdownStyle {
  color: boolean;
  /** Columns of the terminal; undefined = not a terminal: lines stay as long as they are. */
  width?: number | undefined;
  /** Tables with lines rather than with hyphens. */
  unicode: boolean;
}

/** Characters above which a text is shown as it is written: nobody reads it, and laying it out takes time. */
const LIMIT = 512 * 1024;

/** Readable measure, whatever the terminal's width. */
const MAX_WIDTH = 100;

const NUMERIC_ENTITY = /&#(?:x([0-9a-f]{1,8})|([0-9]{1,8}));?/gi;
const SGR = /(\u001b\[[0-9;]*m)/;

/**
 * Markdown that somebody else wrote, for reading in a terminal. Addresses are shown beside the words that link to them,
 * and nothing in the text can steer the terminal, in whatever spelling.
 */
export function renderMarkdown(markdown: string, { color, width, unicode }: MarkdownStyle): string {
  const harmless = sanitize(markdown).replace(NUMERIC_ENTITY, withoutControls);
  if (harmless.length > LIMIT) return `${harmless.trimEnd()}\n`;
  const rendered = render(harmless, {
    color,
    wrap: width !== undefined,
    ...(width === undefined ? {} : { width: Math.min(width, MAX_WIDTH) }),
    hyperlinks: false,
    tableBorder: unicode ? "unicode" : "ascii",
    tableTruncate: false,
  });
  // Colours are ours by now; whatever else came through is not.
  const clean = rendered.split(SGR).map((part) => (color && SGR.test(part) ? part : sanitize(part)));
  return `${clean.join("").trim()}\n`;
}

/** Entities are decoded after everything else was checked. */
function withoutControls(entity: string, hex?: string, decimal?: string): string {
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return code > 0x10ffff || sanitize(String.fromCodePoint(code)) === "" ? "" : entity;
}
