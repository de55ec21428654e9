// C0 and C1 controls (tab and newline are kept apart), DEL, and the bidirectional overrides that can make text
// read as something else than it is.
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Makes text that a server, catalogue or manifest supplied harmless to a terminal: what could steer it is dropped. */
export function sanitize(text: string): string {
  return text.replace(UNSAFE, "");
}

/** The same for one cell or one line: line breaks and tabs become a space. */
export function sanitizeLine(text: string): string {
  return sanitize(text.replace(/[\t\r\n]+/g, " "));
}
