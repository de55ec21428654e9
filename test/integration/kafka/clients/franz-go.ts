import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder } from "../../../helpers/test-cache.ts";
import { CODECS } from "./client.ts";
import { scriptClient } from "./script-client.ts";

const SOURCE = join(import.meta.dirname, "franz-go");

/** What the client's own go.mod asks for. */
const OLDEST_GO = [1, 26] as const;

/** Why it cannot be built here; undefined where it can. */
export function goIsWanting(): string | undefined {
  const [major, minor] = OLDEST_GO;
  try {
    const printed = execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8" });
    const [, ...found] = /^go(\d+)\.(\d+)/.exec(printed) ?? [];
    if (Number(found[0]) === major && Number(found[1]) >= minor) return undefined;
  } catch {}
  return `Go ${major}.${minor} or newer`;
}

async function build(): Promise<readonly [string]> {
  const hash = createHash("sha256");
  for (const file of ["go.sum", "main.go"]) hash.update(readFileSync(join(SOURCE, file)));
  const name = `franz-go-${hash.digest("hex").slice(0, 16)}`;
  const script = 'cd "$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$made/client" .';
  return [join(await cachedFolder(name, script, [SOURCE]), "client")];
}

export const franzGo = scriptClient({
  title: "franz-go (Go)",
  packages: [],
  codecs: CODECS,
  program: build,
});
