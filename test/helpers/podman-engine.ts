import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll } from "vitest";
import { type Daemon, startDaemon } from "./daemon.ts";

/** Podman's Docker-compatible socket, with a storage of this test file alone. */
export interface PodmanEngine {
  readonly url: string;
  readonly api: Docker;
}

/**
 * Starts `podman system service` before the tests of the enclosing suite and takes everything down afterwards.
 *
 * Settings that work in unprivileged virtual machines and containers: storage driver vfs (as for Docker), cgroupfs
 * (no systemd), limits of open files and processes below the hard limit of this process (Podman's own default is above
 * it, and runc is then refused), networks in netavark with their configuration beside the storage.
 */
export function usePodmanEngine(): PodmanEngine {
  let folder = "";
  let daemon: Daemon | undefined;
  const engine = {
    get url() {
      return `unix://${folder}/podman.sock`;
    },
    get api() {
      return new Docker({ socketPath: join(folder, "podman.sock") });
    },
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "plugctl-podman-"));
    for (const name of ["root", "run", "tmp", "networks"]) await mkdir(join(folder, name));
    await writeFile(
      join(folder, "containers.conf"),
      `[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n` +
        `[network]\nnetwork_config_dir = "${folder}/networks"\n` +
        `[engine]\nexit_command_delay = 1\n`,
    );
    // Plain HTTP on loopback, as Docker does without being told.
    await writeFile(
      join(folder, "registries.conf"),
      `[[registry]]\nlocation = "127.0.0.1"\ninsecure = true\n`,
    );
    daemon = await startDaemon({
      program: "podman",
      args: [
        ...[
          "--root",
          join(folder, "root"),
          "--runroot",
          join(folder, "run"),
          "--tmpdir",
          join(folder, "tmp"),
        ],
        ...[
          "--cgroup-manager=cgroupfs",
          "--storage-driver=vfs",
          "--events-backend=file",
          "--runtime",
          "runc",
        ],
        ...["system", "service", "--time", "0", engine.url],
      ],
      env: {
        CONTAINERS_CONF: join(folder, "containers.conf"),
        CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
      },
      logFile: join(folder, "log"),
      ready: async () => (await engine.api.ping()) !== undefined,
    });
  });
  afterAll(async () => {
    if (daemon !== undefined) await empty(engine.api);
    await daemon?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return engine;
}

/** Containers would outlive the service, and so would the bridges of its networks. */
async function empty(api: Docker): Promise<void> {
  const containers = await api.listContainers({ all: true });
  await Promise.allSettled(containers.map(({ Id }) => api.getContainer(Id).remove({ force: true, v: true })));
  const networks = (await api.listNetworks()).filter(({ Name }) => Name !== "podman");
  await Promise.allSettled(networks.map(({ Id }) => api.getNetwork(Id).remove()));
}
