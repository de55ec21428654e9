import { pluginOfPackage } from "../../../core/deb/package-name.ts";
import { type Alternatives, formatAlternatives } from "../../../core/deb/relations.ts";
import { conflictError, notFoundError, PlugctlError } from "../../../core/errors.ts";
import { packageError } from "./dpkg.ts";
import { lastLines } from "./process.ts";
import type { CommandOptions, Transaction } from "./root.ts";

/** A package that apt would install. */
export interface AptPackage {
  name: string;
  version: string;
  from: string | null;
  architecture: string;
  /** Of its file at the archive; null when apt has it already. */
  sizeBytes: number | null;
}

const APT = [
  "apt-get",
  "--yes",
  "--quiet",
  "--no-install-recommends",
  // What would take something else out is not done: a removal is asked for by name.
  "--no-remove",
  "--option=APT::Sandbox::User=root",
  "--option=APT::Color=0",
  "--option=Dpkg::Use-Pty=0",
  "--option=Dpkg::Options::=--force-confdef",
  "--option=Dpkg::Options::=--force-confold",
  // Tens of megabytes that are made anew each time would otherwise be a part of the change.
  "--option=Dir::Cache::pkgcache=",
  "--option=Dir::Cache::srcpkgcache=",
] as const;

type Options = Omit<CommandOptions, "network">;

/** Where apt keeps what it has fetched, in the root. */
export const ARCHIVES = "/var/cache/apt/archives";

/** Installs packages with what they need from the archives that a root knows. */
export class Apt {
  readonly #transaction: Transaction;
  readonly #arguments: readonly string[];
  readonly #missing: string;
  /** Those of it that are plugins, which no archive needs to have. */
  readonly #plugins: string;

  /** @param files packages as the root sees them. */
  constructor(
    transaction: Transaction,
    change: { files: readonly string[]; missing: readonly Alternatives[]; allowDowngrade: boolean },
  ) {
    this.#transaction = transaction;
    this.#missing = change.missing.map(formatAlternatives).join(", ");
    this.#plugins = change.missing
      .flatMap(([first]) => pluginOfPackage(first?.name ?? "") ?? [])
      .map(({ namespace, name }) => `${namespace}/${name}`)
      .join(", ");
    const allow = change.allowDowngrade ? ["--allow-downgrades"] : [];
    this.#arguments = [...allow, "--reinstall", "install", ...change.files];
  }

  /** Reads the lists of the archives anew. @throws UNAVAILABLE when none can be reached. */
  async update(options: Options): Promise<void> {
    const result = await this.#run([...APT, "--error-on=any", "update"], true, options);
    if (result.exitCode !== 0) throw unreachable("updating", result.output);
  }

  /** What would be installed; undefined when a package is known to no list. */
  async simulate(options: Options): Promise<AptPackage[] | undefined> {
    const result = await this.#run([...APT, "--simulate", ...this.#arguments], false, options);
    if (result.exitCode !== 0) return undefined;
    const uris = await this.#run([...APT, "--print-uris", ...this.#arguments], false, options);
    return parseSimulation(result.output, parseSizes(uris.output));
  }

  /** Fetches what is needed; runs nothing of it. @throws UNAVAILABLE, NOT_FOUND, CONFLICT. */
  async download(options: Options): Promise<void> {
    const result = await this.#run([...APT, "--download-only", ...this.#arguments], true, options);
    if (result.exitCode === 0) return;
    if (/^E: (?:Failed to fetch|Unable to fetch)/m.test(result.output))
      throw unreachable("installing", result.output);
    throw this.unsatisfiable(result.output);
  }

  /** Installs what has been fetched, without a network. */
  async install(options: Options): Promise<void> {
    const result = await this.#run([...APT, ...this.#arguments], false, options);
    if (result.exitCode !== 0) throw packageError("installing", result);
  }

  /** That the lists of all archives are new and there is still no way to satisfy it. */
  unsatisfiable(output = ""): PlugctlError {
    const details = { step: "installing", missing: this.#missing, log: lastLines(output) };
    if (/ (?:Conflicts|Breaks): |it is not going to be installed|remove is disabled/.test(output)) {
      return conflictError(`${this.#missing} cannot be installed beside what is there`, { details });
    }
    return notFoundError(`no archive of this system has ${this.#missing}`, {
      hint:
        this.#plugins === ""
          ? "add the archive that has it to the sources of apt"
          : `install ${this.#plugins} first`,
      details,
    });
  }

  #run(command: readonly [string, ...string[]], network: boolean, options: Options) {
    return this.#transaction.run(command, { ...options, network });
  }
}

function unreachable(step: "updating" | "installing", output: string): PlugctlError {
  const [, what] = /^(?:E|W): (.+)/m.exec(output) ?? [];
  if (output.includes("No space left on device")) return packageError(step, { exitCode: 100, output });
  return new PlugctlError(
    "UNAVAILABLE",
    `an archive of packages cannot be read: ${what ?? "apt does not say why"}`,
    {
      hint: "check the network and the sources of apt",
      details: { step, log: lastLines(output) },
    },
  );
}

/** `Inst name [installed] (version archive [architecture])` lines, in the order of installation. */
export function parseSimulation(output: string, sizes: ReadonlyMap<string, number>): AptPackage[] {
  return [...output.matchAll(/^Inst (\S+?)(?::\S+)?(?: \[(\S+)\])? \((\S+)(?: .*)? \[(\S+)\]\)/gm)].map(
    ([, name = "", from, version = "", architecture = ""]) => ({
      name,
      version,
      from: from ?? null,
      architecture,
      sizeBytes: sizes.get(`${name}_${version}_${architecture}`) ?? null,
    }),
  );
}

/** `'uri' name_version_architecture.deb size digest` lines: sizes by the name without its ending. */
export function parseSizes(output: string): Map<string, number> {
  return new Map(
    [...output.matchAll(/^'[^']*' (\S+)\.deb (\d+)(?: |$)/gm)].map(([, file = "", size]) => [
      file.replaceAll("%3a", ":"),
      Number(size),
    ]),
  );
}
