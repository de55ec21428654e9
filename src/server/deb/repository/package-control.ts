import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { type Paragraph, parseParagraphs } from "../../../core/deb/control.ts";
import { isVersion } from "../../../core/deb/version.ts";
import { invalidError, isPlugctlError, PlugctlError } from "../../../core/errors.ts";
import { isArchitecture } from "./package-index.ts";

const MiB = 1024 * 1024;
/** Of all control members together, unpacked; checksums of a hundred thousand files fit in. */
const MAX_MEMBERS = 32 * MiB;
const MAX_CONTROL = MiB / 4;
const MAX_MS = 30_000;

/** What a package says of itself. */
export interface PackageControl {
  package: string;
  version: string;
  architecture: string;
  control: Paragraph;
}

/**
 * Reads the control file of a `.deb`, without unpacking anything onto the disk.
 * @param file absolute path.
 * @throws INVALID for what is no package, names itself as no package may, or unpacks to more than a package has;
 * UNAVAILABLE where there is no dpkg.
 */
export async function readControl(file: string): Promise<PackageControl> {
  const paragraphs = parseParagraphs(await readControlText(file));
  const [control] = paragraphs;
  if (control === undefined || paragraphs.length > 1) {
    throw invalidError("the control file of the package has not one paragraph");
  }
  return checkControl(control);
}

/** Takes a package's names out of its control paragraph. @throws INVALID for what no package may be named. */
export function checkControl(control: Paragraph): PackageControl {
  const name = control.get("Package") ?? "";
  const version = control.get("Version") ?? "";
  const architecture = control.get("Architecture") ?? "";
  if (!/^[a-z0-9][a-z0-9+.-]{1,127}$/.test(name)) {
    throw invalidError(`${JSON.stringify(name)} is no name of a Debian package`);
  }
  if (!isVersion(version) || version.length > 128) {
    throw invalidError(`${JSON.stringify(version)} is no version of a Debian package`);
  }
  if (!isArchitecture(architecture)) {
    throw invalidError(`${JSON.stringify(architecture)} is no architecture of Debian's`);
  }
  return { package: name, version, architecture, control };
}

async function readControlText(file: string): Promise<string> {
  const child = spawn("dpkg-deb", ["--ctrl-tarfile", file], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    timeout: MAX_MS,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  const complaint = text(child.stderr);
  const members = extract();
  let found: string | undefined;
  const reading = (async () => {
    for await (const entry of members) {
      const { name, type, size = 0 } = entry.header;
      if (type !== "file" || name.replace(/^\.\//, "") !== "control") {
        entry.resume();
        continue;
      }
      if (size > MAX_CONTROL) throw invalidError("the control file of the package is too large");
      found = await text(entry);
    }
  })();
  try {
    const [, , code] = await Promise.all([
      pipeline(child.stdout, limited(MAX_MEMBERS), members),
      reading,
      ended,
    ]);
    if (code !== 0) throw new Error(await complaint);
  } catch (cause) {
    child.kill("SIGKILL");
    if (isPlugctlError(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new PlugctlError("UNAVAILABLE", "dpkg-deb is not here, which reads Debian packages", {
        hint: "apt-get install dpkg",
        cause,
      });
    }
    throw invalidError("the file is no Debian package", { cause });
  }
  if (found === undefined) throw invalidError("the package has no control file");
  return found;
}

function limited(maxBytes: number) {
  return async function* (source: AsyncIterable<Buffer>) {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) throw invalidError("the control members of the package are too large");
      yield chunk;
    }
  };
}
