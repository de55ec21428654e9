import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Docker from "dockerode";
import { afterAll, beforeAll } from "vitest";
import { type Daemon, startDaemon } from "./daemon.ts";

const run = promisify(execFile);

export interface DockerEngineOptions {
  /** Further arguments of dockerd: `--insecure-registry …`, `-H tcp://127.0.0.1:…`. */
  args?: readonly string[];
  /** Size of a RAM disk for the engine's data, to let it run full. */
  dataBytes?: number;
  /** Make it the only node of a swarm. */
  swarm?: boolean;
}

/** A Docker Engine of this test file alone. Everything but `folder` may be used from the first `beforeAll` on. */
export interface DockerEngine {
  /** `unix:///…/docker.sock` */
  readonly url: string;
  readonly socket: string;
  readonly folder: string;
  /** The engine's own view, for what a test wants to prepare or to check. */
  readonly api: Docker;
  /**
   * The daemon dies at once, and at the next start it ends what its containers still ran; or with SIGTERM it ends them
   * first.
   */
  crash(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  start(): Promise<void>;
}

/**
 * Starts dockerd before the tests of the enclosing suite and takes everything down afterwards.
 *
 * Settings that work in unprivileged virtual machines and containers, in parallel with others:
 * - `--storage-driver=vfs`: overlay on overlay is refused by the kernel; vfs copies, which tiny images can afford;
 * - `--bridge=none --iptables=false`: `docker0` and the iptables chains would be shared by all engines of the machine.
 *   Containers reach each other in networks made for them; published ports go through docker-proxy, which needs neither;
 * - an address pool of its own: two engines that start at once would choose the same subnet;
 * - cgroup v1 and v2 both work: the cgroup driver stays `cgroupfs`, the default where no systemd runs.
 */
export function useDockerEngine(options: DockerEngineOptions = {}): DockerEngine {
  const engine = new RunningEngine(options);
  beforeAll(() => engine.prepare());
  afterAll(() => engine.dispose());
  return engine;
}

class RunningEngine implements DockerEngine {
  readonly #options: DockerEngineOptions;
  #folder: string | undefined;
  #daemon: Daemon | undefined;

  constructor(options: DockerEngineOptions) {
    this.#options = options;
  }

  get folder(): string {
    if (this.#folder === undefined) throw new Error("the engine starts in beforeAll");
    return this.#folder;
  }

  get socket(): string {
    return join(this.folder, "docker.sock");
  }

  get url(): string {
    return `unix://${this.socket}`;
  }

  get api(): Docker {
    return new Docker({ socketPath: this.socket });
  }

  async prepare(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "plugctl-docker-"));
    await mkdir(this.#data);
    const { dataBytes, swarm } = this.#options;
    if (dataBytes !== undefined)
      await run("mount", ["-t", "tmpfs", "-o", `size=${dataBytes}`, "tmpfs", this.#data]);
    await this.start();
    if (swarm === true) await this.api.swarmInit({ ListenAddr: "127.0.0.1:0", AdvertiseAddr: "127.0.0.1" });
  }

  async start(): Promise<void> {
    if (this.#daemon?.running === true) return;
    const second = process.pid % 256;
    const third = Math.floor(Math.random() * 16) * 16;
    this.#daemon = await startDaemon({
      program: "dockerd",
      args: [
        ...["--data-root", this.#data, "--exec-root", join(this.folder, "exec")],
        ...["--pidfile", join(this.folder, "docker.pid"), "-H", this.url],
        ...["--storage-driver=vfs", "--bridge=none", "--iptables=false", "--ip6tables=false"],
        ...["--default-address-pool", `base=10.${second}.${third}.0/20,size=24`],
        ...(this.#options.args ?? []),
      ],
      logFile: join(this.folder, "log"),
      ready: async () => (await this.api.ping()) !== undefined,
    });
  }

  async crash(signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
    await this.#daemon?.stop(signal);
    // Its containerd dies with it. Where nobody reaps that, the next dockerd would wait for the process of this number.
    await rm(join(this.folder, "exec/containerd/containerd.pid"), { force: true });
  }

  async dispose(): Promise<void> {
    if (this.#folder === undefined) return;
    try {
      await this.start().catch(() => undefined);
      await this.#empty();
    } finally {
      await this.#daemon?.stop();
      // The RAM disk, and the mount that a dockerd leaves behind when it dies.
      while (await isMounted(this.#data)) await run("umount", ["-l", this.#data]);
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  get #data(): string {
    return join(this.folder, "data");
  }

  /** Containers would outlive the daemon, and so would the bridges of its networks. */
  async #empty(): Promise<void> {
    const { api } = this;
    if (this.#options.swarm === true) await api.swarmLeave({ force: true });
    const containers = await api.listContainers({ all: true });
    await Promise.allSettled(
      containers.map(({ Id }) => api.getContainer(Id).remove({ force: true, v: true })),
    );
    const networks = (await api.listNetworks()).filter(({ Driver }) => Driver === "bridge");
    await Promise.allSettled(networks.map(({ Id }) => api.getNetwork(Id).remove()));
  }
}

async function isMounted(folder: string): Promise<boolean> {
  return (await readFile("/proc/self/mounts", "utf8")).includes(` ${folder} `);
}
