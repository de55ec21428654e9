import { spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";

/** dpkg's own way to lock a file: fcntl, which Node has not. */
const HOLD = `use Fcntl; open(F, "+<", $ARGV[0]) or die; my $l = pack("s s l! l! i x100", F_WRLCK, 0, 0, 0, 0);
fcntl(F, F_SETLK, $l) or die; $|=1; print "locked\\n"; sleep 60`;

/** Locks an existing file as another dpkg would, until the test has ended or the holder is released. */
export async function holdDpkgLock(file: string): Promise<{ pid: number; release: () => void }> {
  const holder = spawn("perl", ["-e", HOLD, file], { stdio: ["ignore", "pipe", "inherit"] });
  const release = () => void holder.kill();
  onTestFinished(release);
  await once(holder.stdout, "data");
  return { pid: holder.pid ?? 0, release };
}
