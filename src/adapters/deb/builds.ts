import type { PackageBuilds } from "../../core/deb/package-build.ts";
import { verificationError } from "../../core/errors.ts";
import type { DebBackend } from "./deb-backend.ts";
import type { ServerClient } from "./plugctl/client.ts";
import { buildSchema } from "./plugctl/schema.ts";
import { nameOf } from "./plugin-id.ts";
import { followTask } from "./watch/operation.ts";

/** Packages made by plugctl's server. */
export function createBuilds(backend: DebBackend): PackageBuilds {
  const { signal, env } = backend;
  return {
    async build(folder, { progress, log }, save) {
      const server = await backend.server("way to make a package without installing it");
      const { upload } = await import("./plugctl/upload.ts");
      const id = await server.build(await upload(server, folder, { progress, signal, env }));
      const [ended, printed] = await Promise.allSettled([
        followTask(server.http, id, { signal, progress, schema: buildSchema }),
        pass(server, id, log),
      ]);
      if (ended.status === "rejected") throw ended.reason;
      if (printed.status === "rejected") throw printed.reason;
      const { upload: kept, namespace, name, ...more } = ended.value;
      const build = { name: nameOf({ namespace, name }), ...more };
      await save(build, checked(await server.uploaded(kept), build));
      return build;
    },
  };
}

/** Passes on what the steps print, until the last of them has ended. */
async function pass(server: ServerClient, id: string, log: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of await server.log(id, true)) log(decoder.decode(chunk, { stream: true }));
}

/** @throws VERIFICATION after the last byte when they are not those that were announced. */
async function* checked(
  content: AsyncIterable<Uint8Array>,
  { debSha256, package: name }: { debSha256: string; package: string },
): AsyncGenerator<Uint8Array> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256");
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  const found = hash.digest("hex");
  if (found !== debSha256) {
    throw verificationError(`the package ${name} did not arrive as it was built`, {
      details: { expected: debSha256, found },
    });
  }
}
