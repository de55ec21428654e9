import { LineCounter, parseDocument } from "yaml";

/** The line (from 1) of the deepest part of a key path that a YAML or JSON text really has. */
export function locateKeys(content: string, keys: readonly string[]): number {
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines });
  for (let depth = keys.length; depth > 0; depth -= 1) {
    const parent = depth === 1 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    const { items } = (parent ?? {}) as {
      items?: { key?: { value?: unknown; range?: [number, number, number] } }[];
    };
    const pair = items?.find((item) => String(item.key?.value) === keys[depth - 1]);
    if (pair?.key?.range !== undefined) return lines.linePos(pair.key.range[0]).line;
  }
  return 1;
}
