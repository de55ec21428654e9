import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { PluginId } from "../../src/core/deb/package-name.ts";
import type {
  AppliedChange,
  ChangePlan,
  FileProblem,
  InstalledPlugin,
  PackageChange,
  PackageInstaller,
} from "../../src/server/deb/installer/installer.ts";
import type { ListingOptions } from "./tree-listing.ts";

export interface InstallerCall {
  call: number;
  method: keyof PackageInstaller | "cancel" | "listTree" | "commands";
  parameters: readonly unknown[];
}

/** Words that make a command another user's. */
export const asUser = (user: number | undefined): string[] =>
  user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups", "--"];

interface InstallerError {
  code: string;
  message: string;
  hint: string | undefined;
  details: unknown;
  stack: string | undefined;
}

export interface InstallerMessage {
  call: number;
  /** What the call has come to; undefined as null. */
  result?: unknown;
  error?: InstallerError;
  step?: string;
  log?: string;
}

export interface RunningChange {
  done: Promise<AppliedChange>;
  steps: string[];
  log: () => string;
  /** Resolves when a step has begun. */
  reached: (step: string) => Promise<void>;
  /** Resolves when the output has that text. */
  printed: (text: string) => Promise<void>;
  cancel: () => void;
}

const CHANGE: PackageChange = { install: [], remove: [], allowDowngrade: false, removeDependents: false };

/** An installer in a process of its own. */
export class InstallerProcess {
  readonly #child: ChildProcess;
  readonly #messages = new EventEmitter().setMaxListeners(0);
  #calls = 0;

  private constructor(child: ChildProcess) {
    this.#child = child.setMaxListeners(0);
    child.on("message", (message: InstallerMessage) => this.#messages.emit(`${message.call}`, message));
  }

  /** @param as words before the command, which make it another user's or put it elsewhere. */
  static async start(
    place: { root: string; stateDir: string; options?: Record<string, unknown> | undefined },
    as: readonly string[] = [],
  ): Promise<InstallerProcess> {
    const worker = fileURLToPath(new URL("./installer-worker.ts", import.meta.url));
    const command = [
      process.execPath,
      worker,
      place.root,
      place.stateDir,
      JSON.stringify(place.options ?? {}),
    ];
    const [program = "", ...args] = [...as, ...command];
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const installer = new InstallerProcess(child);
    onTestFinished(() => installer.kill());
    await installer.#answer(0);
    return installer;
  }

  apply(change: Partial<PackageChange>, id: string = crypto.randomUUID()): RunningChange {
    const steps: string[] = [];
    let log = "";
    const call = this.#send("apply", [{ ...CHANGE, ...change }, id]);
    this.#messages.on(`${call}`, (message: InstallerMessage) => {
      if (message.step !== undefined) steps.push(message.step);
      log += message.log ?? "";
    });
    const done = this.#answer(call) as Promise<AppliedChange>;
    // Whoever kills the process does not wait for it.
    done.catch(() => {});
    const until = async (condition: () => boolean) => {
      while (!condition()) await once(this.#messages, `${call}`);
    };
    return {
      done,
      steps,
      log: () => log,
      reached: (step) => until(() => steps.includes(step)),
      printed: (text) => until(() => log.includes(text)),
      cancel: () => void this.#send("cancel", [call]),
    };
  }

  plan(change: Partial<PackageChange>): Promise<ChangePlan> {
    return this.#call("plan", [{ ...CHANGE, ...change }]);
  }

  plugins(): Promise<InstalledPlugin[]> {
    return this.#call("plugins", []);
  }

  previous(id: PluginId): ReturnType<PackageInstaller["previous"]> {
    return this.#call("previous", [id]);
  }

  verify(id: PluginId): Promise<FileProblem[]> {
    return this.#call("verify", [id]);
  }

  recover(): ReturnType<PackageInstaller["recover"]> {
    return this.#call("recover", []);
  }

  /** Lists a folder as the installer sees it. */
  listTree(folder: string, options: ListingOptions): Promise<string[]> {
    return this.#call("listTree", [folder, options]);
  }

  /** Command lines of the processes that it can see. */
  commands(): Promise<string[]> {
    return this.#call("commands", []);
  }

  queue(): Promise<string[]> {
    return this.#call("queue", []);
  }

  /** Ends it as a loss of power would, at once and without a word. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  #call<T>(method: InstallerCall["method"], parameters: readonly unknown[]): Promise<T> {
    return this.#answer(this.#send(method, parameters)) as Promise<T>;
  }

  #send(method: InstallerCall["method"], parameters: readonly unknown[]): number {
    const call = ++this.#calls;
    this.#child.send({ call, method, parameters } satisfies InstallerCall);
    return call;
  }

  #answer(call: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#messages.on(`${call}`, ({ result, error }: InstallerMessage) => {
        if (error !== undefined) reject(Object.assign(new Error(error.message), error));
        else if (result !== undefined) resolve(result ?? undefined);
      });
      this.#child.once("exit", () => reject(new Error("the installer has ended")));
    });
  }
}
