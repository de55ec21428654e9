import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { CODECS } from "../../../../src/core/kafka/compression.ts";
import { cachedFolder } from "../../../helpers/test-cache.ts";
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
  const folder = await cachedFolder({
    name: "franz-go",
    sources: ["go.mod", "go.sum", "main.go"].map((name) => join(SOURCE, name)),
    script: 'cd "$1" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$made/client" .',
    args: [SOURCE],
  });
  return [join(folder, "client")];
}

export const franzGo = scriptClient({
  title: "franz-go (Go)",
  packages: [],
  codecs: CODECS,
  program: build,
});
