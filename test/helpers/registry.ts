import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type Daemon, startDaemon } from "./daemon.ts";
import { freePort } from "./free-port.ts";

export const REGISTRY_LOGIN = { username: "puller", password: "s3cret-word" } as const;

/** bcrypt of REGISTRY_LOGIN.password: the only form that the registry takes. */
const HTPASSWD = "puller:$2b$04$Mq.DENebzCLXMG/yQRkjPOWiD98gwRctIso1PnCOugDT/pyrEQc.W\n";

/** An image registry on loopback; engines speak plain HTTP to it, as to all of 127.0.0.0/8. */
export interface Registry {
  /** `127.0.0.1:5000`: what a reference begins with. */
  readonly host: string;
}

/**
 * Starts Debian's docker-registry before the tests of the enclosing suite.
 * @param options.login asks for REGISTRY_LOGIN.
 */
export function useRegistry(options: { login?: boolean } = {}): Registry {
  let folder = "";
  let port = 0;
  let daemon: Daemon | undefined;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-registry-"));
    port = await freePort();
    const auth = `auth:\n  htpasswd:\n    realm: test\n    path: ${folder}/htpasswd\n`;
    await writeFile(join(folder, "htpasswd"), HTPASSWD);
    await writeFile(
      join(folder, "config.yml"),
      `version: 0.1\nlog:\n  level: warn\nstorage:\n  filesystem:\n    rootdirectory: ${folder}/data\n` +
        `  delete:\n    enabled: true\nhttp:\n  addr: 127.0.0.1:${port}\n${options.login === true ? auth : ""}`,
    );
    daemon = await startDaemon({
      program: "docker-registry",
      args: ["serve", join(folder, "config.yml")],
      logFile: join(folder, "log"),
      ready: async () => [200, 401].includes((await fetch(`http://127.0.0.1:${port}/v2/`)).status),
    });
  });
  afterAll(async () => {
    await daemon?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get host() {
      return `127.0.0.1:${port}`;
    },
  };
}
