import { createReadStream } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { onTestFinished } from "vitest";
import { readControl } from "../../src/server/deb/repository/package-control.ts";
import type { TestPackage } from "./deb-package.ts";

/** A flat archive of packages on a port of its own, without signatures. */
export class AptArchive {
  readonly #server: Server;
  readonly #files = new Map<string, string>();
  #index = "";
  /** Cuts the connection when a package is half sent. */
  cut = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://archive").pathname;
      const file = this.#files.get(path);
      if (path === "/Packages") response.end(this.#index);
      else if (file === undefined) response.writeHead(404).end();
      else if (this.cut) {
        response.writeHead(200, { "content-length": "100000" });
        response.write("half of it", () => response.destroy());
      } else createReadStream(file).pipe(response);
    });
  }

  static async start(): Promise<AptArchive> {
    const archive = new AptArchive();
    await new Promise<void>((resolve) => archive.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => archive.stop());
    return archive;
  }

  async add({ file, sha256 }: TestPackage): Promise<void> {
    const path = `/${basename(file)}`;
    this.#files.set(path, file);
    this.#index += `${(await readControl(file)).control}Filename: .${path}\nSize: ${(await stat(file)).size}\nSHA256: ${sha256}\n\n`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Makes it the only source of packages of a root. */
  async use(root: string): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const apt = join(root, "etc/apt");
    await mkdir(join(apt, "sources.list.d"), { recursive: true });
    // What the host has there is below, and has to be covered.
    for (const name of await readdir("/etc/apt/sources.list.d").catch(() => [])) {
      await writeFile(join(apt, "sources.list.d", name), "");
    }
    await writeFile(join(apt, "sources.list"), `deb [trusted=yes] http://127.0.0.1:${port}/ ./\n`);
  }
}
