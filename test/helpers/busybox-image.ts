import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { findProgram } from "./debian-programs.ts";

const APPLETS = (
  "sh ash cat chmod chown cp date dd echo env false find grep head hostname httpd id kill ln ls mkdir mv nc ps " +
  "printf rm sed seq sha256sum sleep sort stat stty tail tar test touch tr true tty vi wc wget which yes"
).split(" ");

/** What the main process of a test image does. */
export const PROGRAMS = {
  /** Prints `started`, waits, and ends with 0 and the word `stopping` on SIGTERM. */
  service: `trap 'echo stopping; exit 0' TERM; echo started; while :; do sleep 1 & wait $!; done`,
  /** The same, but nothing short of SIGKILL ends it. */
  stubborn: `trap '' TERM; echo started; while :; do sleep 1; done`,
  /** Prints a line ten times a second: `tick 1`, `tick 2`, … from 1 again after a restart. */
  ticker: `trap 'exit 0' TERM; n=0; while :; do n=$((n+1)); echo "tick $n"; sleep 0.1; done`,
  /** Serves /www on port $PORT (80); the page says $GREETING (hello). */
  http: `mkdir -p /www; echo "\${GREETING:-hello}" > /www/index.html; httpd -f -p "\${PORT:-80}" -h /www & trap 'exit 0' TERM; wait $!`,
  /** As service; healthy as soon as there is a file /tmp/healthy, which $HEALTHY makes at once. Docker only. */
  health: `[ -z "$HEALTHY" ] || touch /tmp/healthy; trap 'exit 0' TERM; while :; do sleep 0.2 & wait $!; done`,
  /** Ends with code $CODE (1) after half a second. */
  failing: `echo about to fail >&2; sleep 0.5; exit "\${CODE:-1}"`,
} as const;

export interface BusyboxImage {
  program?: keyof typeof PROGRAMS;
  /** Path without leading slash → content, added to the root file system. */
  files?: Readonly<Record<string, string>>;
  /** Dockerfile instructions such as `ENV A=1`, `EXPOSE 80`, `VOLUME /data`, `LABEL a=b`. */
  changes?: readonly string[];
}

/** The engine insists on a header. */
const NO_LOGIN = { username: "", password: "", serveraddress: "" };

/** Makes an image of about 2 MB out of busybox-static: `busyboxImage(engine.api, "demo:1", {program: "http"})`. */
export async function busyboxImage(api: Docker, reference: string, image: BusyboxImage = {}): Promise<void> {
  const program = image.program ?? "service";
  const health = ["HEALTHCHECK --interval=100ms --timeout=2s --retries=50 CMD test -f /tmp/healthy"];
  const changes = [
    `CMD ${JSON.stringify(["/bin/sh", "-c", PROGRAMS[program]])}`,
    "ENV PATH=/bin",
    ...(program === "health" ? health : []),
    ...(image.changes ?? []),
  ];
  const archive = pack();
  const filling = fill(archive, image.files ?? {});
  const answer: NodeJS.ReadableStream = await api.importImage(Readable.from(archive), {
    repo: reference,
    changes,
  });
  const [text] = await Promise.all([readAll(answer), filling]);
  if (text.includes('"error"')) throw new Error(`import of ${reference}: ${text}`);
}

/** Copies an image of the engine into a registry, and removes the engine's own copy unless told to keep it. */
export async function pushImage(
  api: Docker,
  reference: string,
  options: { keep?: boolean; auth?: Docker.AuthConfig } = {},
): Promise<void> {
  const image = api.getImage(reference);
  const answer = await image.push({ authconfig: options.auth ?? NO_LOGIN });
  const text = await readAll(answer);
  if (text.includes('"error"')) throw new Error(`push of ${reference}: ${text}`);
  if (options.keep !== true) await image.remove({ force: true });
}

async function fill(archive: ReturnType<typeof pack>, files: Readonly<Record<string, string>>) {
  for (const name of ["bin", "dev", "etc", "proc", "root", "sys", "tmp", "www"])
    archive.entry({ name, type: "directory", mode: name === "tmp" ? 0o1777 : 0o755 });
  const busybox = findProgram("busybox");
  if (busybox === undefined) throw new Error("apt-get install busybox-static");
  const entry = archive.entry({ name: "bin/busybox", mode: 0o755, size: (await stat(busybox)).size });
  await pipeline(createReadStream(busybox), entry);
  for (const applet of APPLETS)
    archive.entry({ name: `bin/${applet}`, type: "symlink", linkname: "busybox" });
  archive.entry({ name: "etc/passwd" }, "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n");
  archive.entry({ name: "etc/group" }, "root:x:0:\nuser:x:1000:\n");
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o755 }, content);
  archive.finalize();
}

async function readAll(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += chunk;
  return text;
}
