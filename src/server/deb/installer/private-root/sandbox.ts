import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { PlugctlError } from "../../../../core/errors.ts";
import type { UsageLimits } from "../../builder/limits.ts";
import { watchUsage } from "../../builder/watch-usage.ts";
import { diskFull } from "../dpkg.ts";
import { ENVIRONMENT } from "../environment.ts";
import { follow, lastLines, type ProcessResult } from "../process.ts";
import type { CommandOptions } from "../root.ts";
import { lookAtCommand } from "./usage.ts";

/** What maintainer scripts of Debian need to be able to do as root; nothing that reaches out of the namespaces. */
const CAPABILITIES = [
  "chown",
  "dac_override",
  "fowner",
  "fsetid",
  "kill",
  "setgid",
  "setuid",
  "setfcap",
  "net_bind_service",
  "audit_write",
  "sys_chroot",
];

/** There is no service manager in here: `systemctl start` does nothing, and `enable` only writes its links. */
const OFFLINE = { SYSTEMD_OFFLINE: "1" };

/** First in its user namespace, where it is nobody yet: says so, and waits until its ids are mapped. */
const ENTER = `
echo >&3
read -r mapped || exit 125
exec setpriv --pdeathsig KILL -- "$@"`;

/** As a line of fstab(5) has it. */
export interface Mount {
  target: string;
  /** Default: its type, which tells what it is. */
  source?: string;
  type: string;
  options: string;
}

/**
 * Runs a command as root of namespaces of its own (user, mount, pid, ipc, uts and, without a network, net), in a root made of
 * mounts. All of it ends with the command, and with this process.
 * @param mounts in their order; the first is the root itself.
 * @param workFolder for what has to be a file; the layers that the command writes to are in it as well.
 */
export async function runInSandbox(
  command: readonly [string, ...string[]],
  {
    mounts,
    workFolder,
    network,
    limits,
    ...options
  }: CommandOptions & { mounts: readonly Mount[]; workFolder: string; limits: UsageLimits },
): Promise<ProcessResult> {
  const namespaces = [
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--ipc",
    "--uts",
    ...(network ? [] : ["--net"]),
  ];
  const table = join(workFolder, "fstab");
  await writeFile(table, mounts.map(toLine).join(""));
  const enter = [
    "unshare",
    ...namespaces,
    "--",
    "sh",
    "-c",
    SET_UP,
    "sh",
    table,
    mounts[0]?.target ?? "",
    HAS_OWN_PIDS ? String(limits.processes) : "",
    ...limited(limits),
    ...command,
  ];
  const child = spawn("unshare", ["--user", "--", "sh", "-c", ENTER, "sh", ...enter], {
    env: { ...ENVIRONMENT, ...OFFLINE },
    cwd: "/",
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  // One that dies early closes its end; how it ended says the rest.
  child.stdin?.on("error", () => {});
  const entered = letIn(child.pid, child.stdin as Writable, child.stdio[3] as Readable).catch(() => {
    child.kill("SIGKILL");
    return false;
  });
  const result = await follow(child, {
    ...options,
    name: command[0],
    kill: () => child.kill("SIGKILL"),
    watch: (exceeded) =>
      watchUsage(lookAtCommand({ folder: workFolder, pid: child.pid ?? 0, limits }), exceeded),
    outputBytes: limits.outputBytes,
  });
  if (!(await entered)) throw sandboxUnavailable(result.output);
  return result;
}

/**
 * From Linux 6.14 on each pid namespace has a limit of its own, which root is held to as well. Before that the file is the
 * machine's, and must not be written.
 */
const HAS_OWN_PIDS = (() => {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 14);
})();

const limited = ({ processes, fileBytes, memoryBytes }: UsageLimits): string[] => [
  ...["prlimit", "--core=0", `--nproc=${processes}`, `--fsize=${fileBytes}`, `--data=${memoryBytes}`, "--"],
];

/** Maps the ids of the namespace; lets the command begin as long as this process lives. @returns whether it came so far. */
async function letIn(pid: number | undefined, answers: Writable, questions: Readable): Promise<boolean> {
  let asked = 0;
  for await (const _ of questions) {
    asked++;
    if (asked === 1) await mapIds(pid);
    answers.write("\n");
  }
  return asked === 2;
}

function sandboxUnavailable(output: string): PlugctlError {
  if (output.includes("No space left on device")) return diskFull();
  const reason = lastLines(output, 1) || "its namespaces cannot be made";
  return new PlugctlError("UNAVAILABLE", `packages cannot be installed apart from this machine: ${reason}`, {
    hint:
      "Linux 5.11 or newer with user namespaces and overlayfs is needed: set the sysctl user.max_user_namespaces, " +
      "kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0 where they are off; " +
      "in a container, allow it to make namespaces",
    details: { log: lastLines(output) },
  });
}

/** Root has all ids of this machine in there, so that files of users keep their owners; others are root and nobody else. */
async function mapIds(pid: number | undefined): Promise<void> {
  const isRoot = process.geteuid?.() === 0;
  if (!isRoot) await writeFile(`/proc/${pid}/setgroups`, "deny");
  for (const [file, id] of [
    ["uid_map", process.geteuid?.()],
    ["gid_map", process.getegid?.()],
  ] as const) {
    const own = await readFile(`/proc/self/${file}`, "utf8");
    const all = own.replace(/^\s*(\d+)\s+\d+\s+(\d+)$/gm, "$1 $1 $2");
    await writeFile(`/proc/${pid}/${file}`, isRoot ? all : `0 ${id} 1\n`);
  }
}

/** Blanks would end a field. */
const toLine = ({ target, source, type, options }: Mount): string =>
  `${[source ?? type, target, type, options].map((field) => field.replaceAll(" ", "\\040")).join(" ")} 0 0\n`;

/**
 * Mounts a table at once, makes the folder the root, gives up what that needed, and becomes the command. Begun as late as
 * possible, so that nothing runs when who would end it has died meanwhile.
 */
const SET_UP = `
set -e
mount --all --fstab "$1"
[ -z "$3" ] || echo "$3" 2>/dev/null > /proc/sys/kernel/pid_max || :
cd "$2"
shift 3
pivot_root . .
umount -l .
cd /
umask 022
echo >&3
read -r go || exit 125
exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,${CAPABILITIES.map((name) => `+${name}`).join(",")} -- "$@" 3>&- </dev/null`;
