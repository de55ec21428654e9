import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * In mount, process and network namespaces of its own, a view of this machine's `/` whose changes go to memory.
 * `/proc` is that of the namespaces; devices are the harmless ones.
 */
const SET_UP = `
set -e
mount --make-rprivate /
mount -t tmpfs -o size=512m tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
cd /mnt/root
mount -t proc proc proc
mount -t tmpfs -o mode=0755 tmpfs dev
mount -t tmpfs -o mode=1777 tmpfs tmp
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
ln -s /proc/self/fd dev/fd
mkdir -p ".$1" ".$2"
mount --rbind "$1" ".$1"
mount --rbind "$2" ".$2"
pivot_root . mnt
umount -l /mnt
cd /
ip link set lo up 2>/dev/null || true
echo ready
exec sleep 86400`;

/**
 * A copy of this machine to install packages into; it needs root and goes away with the test.
 * @param folder of the test's, which is the same in there. @returns words that make a command run in the copy.
 */
export async function copyMachine(folder: string): Promise<string[]> {
  const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts"];
  const keeper = spawn(
    "unshare",
    [...namespaces, "--", "sh", "-c", SET_UP, "sh", PROJECT.replace(/\/$/, ""), folder],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  onTestFinished(async () => {
    const ended = once(keeper, "exit");
    keeper.kill("SIGKILL");
    await ended;
  });
  for await (const line of createInterface(keeper.stdout)) if (line === "ready") break;
  const children = await readFile(`/proc/${keeper.pid}/task/${keeper.pid}/children`, "utf8");
  const enter = [
    "nsenter",
    `--target=${children.trim()}`,
    "--mount",
    "--pid",
    "--net",
    "--ipc",
    "--uts",
    "--",
  ];
  // Who kills the command kills nsenter, which is its parent.
  return [...enter, "setpriv", "--pdeathsig", "KILL", "--"];
}
