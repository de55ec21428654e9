// A package installer in a process of its own: it can be another user's, and it can be killed.
import { readdir, readFile } from "node:fs/promises";
import pino from "pino";
import { toPlugctlError } from "../../src/core/errors.ts";
import { createInstaller } from "../../src/server/deb/installer/create-installer.ts";
import type { PackageChange, PackageInstaller } from "../../src/server/deb/installer/installer.ts";
import type { InstallerCall, InstallerMessage } from "./installer-process.ts";

import { type ListingOptions, listTree } from "./tree-listing.ts";

const [root = "", stateDir = "", options = "{}"] = process.argv.slice(2);
const send = (message: InstallerMessage) => process.send?.(message);
const controllers = new Map<number, AbortController>();

const installer = await createInstaller({
  root,
  stateDir,
  log: pino({ level: "silent" }),
  ...JSON.parse(options),
}).catch((error: unknown) => {
  send({ call: 0, error: toError(error) });
  process.exit(1);
});
process.on("disconnect", () => process.exit());
process.on("message", (message: InstallerCall) => {
  const { call, method, parameters } = message;
  if (method === "cancel") {
    controllers.get(parameters[0] as number)?.abort();
    return;
  }
  run(call, method, parameters).then(
    (result) => send({ call, result: result ?? null }),
    (error: unknown) => send({ call, error: toError(error) }),
  );
});
send({ call: 0, result: null });

async function run(
  call: number,
  method: InstallerCall["method"],
  parameters: readonly unknown[],
): Promise<unknown> {
  const controller = new AbortController();
  controllers.set(call, controller);
  const { signal } = controller;
  const [first] = parameters;
  if (method === "listTree") return listTree(first as string, parameters[1] as ListingOptions);
  if (method === "commands") return listCommands();
  if (method === "plan") return installer.plan(first as PackageChange, { signal });
  if (method === "apply") {
    return installer.apply(first as PackageChange, {
      id: String(parameters[1]),
      onStep: (step) => void send({ call, step }),
      log: (text) => void send({ call, log: text }),
      signal,
    });
  }
  return (installer[method as keyof PackageInstaller] as (...all: readonly unknown[]) => unknown)(
    ...parameters,
  );
}

function toError(thrown: unknown): NonNullable<InstallerMessage["error"]> {
  const { code, message, hint, details, stack } = toPlugctlError(thrown);
  return { code, message, hint, details, stack };
}

async function listCommands(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.map((line) => line.split("\0").filter(Boolean).join(" "));
}
