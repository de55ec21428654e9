import { invalidError } from "../errors.ts";

/** Field names: printable ASCII without space and colon, and not beginning like a comment or a PGP armour. */
const FIELD_NAME = /^[!-"$-,.-9;-~][!-9;-~]*$/;

/**
 * One paragraph of a control file (deb822): fields in their order, found by name whatever its case. A value of several lines
 * has the lines after the first as they are written, each with the blank before it.
 */
export class Paragraph {
  readonly #fields: ReadonlyMap<string, readonly [name: string, value: string]>;

  constructor(fields: Iterable<readonly [name: string, value: string]>) {
    this.#fields = new Map([...fields].map(([name, value]) => [name.toLowerCase(), [name, value]]));
  }

  get(name: string): string | undefined {
    return this.#fields.get(name.toLowerCase())?.[1];
  }

  /** This paragraph with other values; undefined takes a field out. */
  with(changes: Readonly<Record<string, string | undefined>>): Paragraph {
    const fields = new Map(this.#fields);
    for (const [name, value] of Object.entries(changes)) {
      const key = name.toLowerCase();
      if (value === undefined) fields.delete(key);
      else fields.set(key, [fields.get(key)?.[0] ?? name, value]);
    }
    return new Paragraph(fields.values());
  }

  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#fields.values();
  }

  /**
   * The paragraph as it is written, with a line break at its end.
   * @throws INVALID when a name is none, or a value would begin another field or paragraph.
   */
  toString(): string {
    let text = "";
    for (const [name, value] of this) {
      if (!FIELD_NAME.test(name)) throw invalidError(`${JSON.stringify(name)} is no name of a control field`);
      if (/\r|\0|\n(?![ \t]*\S)|\n(?![ \t])/.test(value)) {
        throw invalidError(`the control field ${name} cannot hold ${JSON.stringify(value)}`);
      }
      text += value === "" || value.startsWith("\n") ? `${name}:${value}\n` : `${name}: ${value}\n`;
    }
    return text;
  }
}

/** Reads paragraphs. @throws INVALID, naming the line, for what is not deb822. */
export function parseParagraphs(text: string): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let fields: [name: string, value: string][] = [];
  const finish = () => {
    if (fields.length > 0) paragraphs.push(new Paragraph(fields));
    fields = [];
  };
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") {
      finish();
      continue;
    }
    if (line.startsWith("#")) continue;
    const last = fields.at(-1);
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (last === undefined) throw invalidError(`line ${index + 1} of a control file continues no field`);
      last[1] += `\n${line.trimEnd()}`;
      continue;
    }
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    if (!FIELD_NAME.test(name)) throw invalidError(`line ${index + 1} of a control file is no field`);
    fields.push([name, line.slice(colon + 1).trim()]);
  }
  finish();
  return paragraphs;
}

/** Writes paragraphs with an empty line after each, as dpkg does. @throws INVALID as `Paragraph.toString`. */
export const formatParagraphs = (paragraphs: Iterable<Paragraph>): string =>
  Array.from(paragraphs, (paragraph) => `${paragraph}\n`).join("");
