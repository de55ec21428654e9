import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, relative, sep } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** What the build of the application wrote where a fresh value belongs (`html.cspNonce` of its Vite configuration). */
const NONCE_MARK = "CSP_NONCE";

/** Serves a built application on an origin of its own, with a policy that lets code in from one store only. */
export async function serveApp(folder: string, storeOrigin: string) {
  const files = await readFiles(folder);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://app.invalid");
    const path = pathname === "/" ? "/index.html" : pathname;
    const content = files.get(path);
    if (content === undefined || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(content === undefined ? 404 : 405).end();
      return;
    }
    const nonce = randomBytes(16).toString("base64");
    const isPage = path.endsWith(".html");
    const body = isPage ? content.toString("utf8").replaceAll(NONCE_MARK, nonce) : content;
    response.writeHead(200, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      "content-length": Buffer.byteLength(body),
      "cache-control": isPage ? "no-store" : "public, max-age=31536000, immutable",
      "content-security-policy": contentSecurityPolicy(nonce, storeOrigin),
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
    });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function contentSecurityPolicy(nonce: string, storeOrigin: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' ${storeOrigin}`,
    `connect-src ${storeOrigin}`,
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Every file below a folder, by its URL path. */
async function readFiles(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(`/${relative(folder, path).split(sep).join("/")}`, await readFile(path));
  }
  return files;
}
