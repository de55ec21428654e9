import { posix } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".cjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".html": "text/html; charset=utf-8",
  ".htm": "text/html; charset=utf-8",
  ".xhtml": "application/xhtml+xml",
  ".xml": "application/xml",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".gif": "image/gif",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".ico": "image/x-icon",
  ".bmp": "image/bmp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
  ".ttf": "font/ttf",
  ".otf": "font/otf",
  ".mp3": "audio/mpeg",
  ".ogg": "audio/ogg",
  ".wav": "audio/wav",
  ".mp4": "video/mp4",
  ".webm": "video/webm",
  ".pdf": "application/pdf",
};

/** By the name's ending, from a fixed table: a module script of another type is refused by browsers. */
export const contentType = (path: string) =>
  TYPES[posix.extname(path).toLowerCase()] ?? "application/octet-stream";

/** Whether compressing pays: text in one form or another, and fonts that are not packed already. */
export const isTextLike = (type: string) =>
  /^(?:text\/|application\/(?:json|wasm|xml|xhtml|manifest)|image\/svg|image\/bmp|font\/[to]tf)/.test(type);

/** Whether a browser that opens the file would run scripts in it. */
export const isActiveDocument = (type: string) =>
  /^(?:text\/html|image\/svg|application\/(?:xml|xhtml))/.test(type);
