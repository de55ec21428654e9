import { Document, parseDocument } from "yaml";

/** One change of a key; `undefined` deletes it. */
export interface Edit {
  path: readonly string[];
  value: unknown;
}

const COMMENT = " plugctl: targets and defaults of this user. Keys: docs/configuration.md";

/** Applies edits to the text of a configuration, keeping comments and order; an empty text becomes a new file. */
export function editYaml(text: string, edits: readonly Edit[]): string {
  const parsed = parseDocument(text);
  const document = parsed.contents === null ? new Document({ version: 1 }) : parsed;
  if (parsed.contents === null) document.commentBefore = COMMENT;
  for (const { path, value } of edits) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  return document.toString();
}
