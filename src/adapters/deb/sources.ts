import { PlugctlError } from "../../core/errors.ts";
import type { InstallSource } from "../../core/installation.ts";
import type { ProgressListener } from "../../core/progress.ts";
import { formatSource } from "../../core/source.ts";
import type { DebBackend } from "./deb-backend.ts";
import type { ServerClient, TaskSource } from "./plugctl/client.ts";
import type { WireSource } from "./plugctl/schema.ts";
import { nameOf, pluginIdOf } from "./plugin-id.ts";
import type { InstallBody } from "./wazo/client.ts";

/** A source in the words of `POST /plugins`. @throws UNSUPPORTED for what that has no words for. */
export function toInstallBody(source: InstallSource, { target }: DebBackend): InstallBody {
  switch (source.type) {
    case "market": {
      const { version } = source;
      return {
        method: "market",
        options: { ...pluginIdOf(source.name), ...(version === undefined ? {} : { version }) },
      };
    }
    case "git": {
      const { url, ref, directory } = source;
      return {
        method: "git",
        options: {
          url,
          ...(ref === undefined ? {} : { ref }),
          ...(directory === undefined ? {} : { subdirectory: directory }),
        },
      };
    }
    default:
      throw unfit(source, target);
  }
}

/** A source in the words of plugctl's server; what is on this machine is sent there first. */
export async function toTaskSource(
  source: InstallSource,
  server: ServerClient,
  { backend, progress }: { backend: DebBackend; progress: ProgressListener },
): Promise<TaskSource> {
  switch (source.type) {
    case "market": {
      const { version } = source;
      return { type: "market", ...pluginIdOf(source.name), ...(version === undefined ? {} : { version }) };
    }
    case "git": {
      const { url, ref, directory } = source;
      return {
        ...{ type: "git", url },
        ...(ref === undefined ? {} : { ref }),
        ...(directory === undefined ? {} : { directory }),
      };
    }
    case "path": {
      // Packing needs a library that nothing else here does.
      const { upload } = await import("./plugctl/upload.ts");
      return {
        type: "upload",
        id: await upload(server, source.path, { progress, signal: backend.signal, env: backend.env }),
      };
    }
    case "image":
      throw unfit(source, backend.target);
  }
}

/** What a record of the server's says of where a plugin came from; undefined for an upload. */
export function fromWireSource(source: WireSource | null | undefined): InstallSource | undefined {
  if (source === null || source === undefined) return undefined;
  if (source.type === "git" && typeof source.url === "string") {
    const { url, ref, directory } = source as { url: string; ref?: string | null; directory?: string | null };
    return { type: "git", url, ref: ref ?? undefined, directory: directory ?? undefined };
  }
  if (source.type === "market" && "namespace" in source) {
    const { namespace, name, version } = source as {
      namespace: string;
      name: string;
      version?: string | null;
    };
    return { type: "market", name: nameOf({ namespace, name }), version: version ?? undefined };
  }
  return undefined;
}

const unfit = (source: InstallSource, target: string) =>
  source.type === "image"
    ? new PlugctlError(
        "UNSUPPORTED",
        `target "${target}" installs plugins, and ${source.reference} is an image`,
        {
          hint: "images are for targets of kind container",
        },
      )
    : new PlugctlError("UNSUPPORTED", `target "${target}" is a wazo-plugind, which takes no files`, {
        hint: `push ${formatSource(source).replace(/^file:/, "")} to a git repository and install that, or use plugctl serve`,
      });
