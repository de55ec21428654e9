import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { PlugctlError } from "../../../../core/errors.ts";
import { diskFull } from "../dpkg.ts";
import { ENVIRONMENT } from "../environment.ts";
import { follow, lastLines, type ProcessResult } from "../process.ts";
import type { CommandOptions } from "../root.ts";

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

const DEVICES = ["null", "zero", "full", "random", "urandom", "tty"];

/** There is no service manager in here: `systemctl start` does nothing, and `enable` only writes its links. */
const OFFLINE = { SYSTEMD_OFFLINE: "1" };

/** First in its user namespace, where it is nobody yet: says so, and waits until its ids are mapped. */
const ENTER = `
echo >&3
read -r mapped || exit 125
exec setpriv --pdeathsig KILL -- "$@"`;

export interface Mount {
  target: string;
  /** Arguments of mount(8) before the target. */
  arguments: readonly string[];
}

/**
 * Runs a command as root of namespaces of its own (user, mount, pid, ipc, uts and, without a network, net), in a root made of
 * mounts. All of it ends with the command, and with this process.
 * @param mounts in their order; the first is the root itself.
 */
export async function runInSandbox(
  command: readonly [string, ...string[]],
  { mounts, network, ...options }: CommandOptions & { mounts: readonly Mount[] },
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
  const enter = ["unshare", ...namespaces, "--", "sh", "-c", setUp(mounts), "sh", ...command];
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
  const result = await follow(child, { ...options, name: command[0], kill: () => child.kill("SIGKILL") });
  if (!(await entered)) throw sandboxUnavailable(result.output);
  return result;
}

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

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A shell script that makes the root of the mounts its own, gives up what it needed for that, and becomes its arguments. */
function setUp(mounts: readonly Mount[]): string {
  const root = mounts[0]?.target ?? "/";
  const at = (path: string) => quote(join(root, path));
  return [
    "set -e",
    ...mounts.map(({ target, arguments: args }) => `mount ${args.map(quote).join(" ")} ${quote(target)}`),
    // All of it read-only: what root may write there would change the machine.
    `mount -t proc -o ro,nosuid,nodev,noexec proc ${at("proc")}`,
    `mount -t tmpfs -o nosuid,mode=0755 tmpfs ${at("dev")}`,
    `cd ${at("dev")}`,
    `touch ${DEVICES.join(" ")}`,
    ...DEVICES.map((device) => `mount --bind /dev/${device} ${device}`),
    "ln -s /proc/self/fd fd; ln -s fd/0 stdin; ln -s fd/1 stdout; ln -s fd/2 stderr; mkdir -m 1777 shm",
    `cd ${quote(root)}`,
    "pivot_root . .",
    "umount -l .",
    "cd /",
    "umask 022",
    // Asked last, so that nothing begins when who would end it has died meanwhile.
    "echo >&3",
    "read -r go || exit 125",
    `exec setpriv --no-new-privs --inh-caps=-all --bounding-set=-all,${CAPABILITIES.map((name) => `+${name}`).join(",")} -- "$@" 3>&- </dev/null`,
  ].join("\n");
}
