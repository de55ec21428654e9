import type { Connection } from "./adapters/adapter.ts";
import { ADAPTERS, kindsWith } from "./adapters/index.ts";
import { Config, type Target } from "./config/config.ts";
import { CredentialStore } from "./config/credentials.ts";
import { type UserPaths, userPaths } from "./config/paths.ts";
import { selectEachTarget, selectTarget, selectTargets } from "./config/selection.ts";
import {
  explainSettings,
  type GlobalFlags,
  resolveSettings,
  type Settings,
  type ShownSetting,
} from "./config/settings.ts";
import {
  type Adapter,
  type Capabilities,
  type Capability,
  need,
  unsupportedError,
} from "./core/capabilities.ts";
import type { PluginReference } from "./core/reference.ts";
import { parseReference } from "./core/reference.ts";
import { createProgress, type Progress } from "./output/progress.ts";
import { Prompter } from "./output/prompt.ts";
import { sanitize } from "./output/sanitize.ts";
import { createStyle, type Style } from "./output/style.ts";
import type { Terminal } from "./output/terminal.ts";

/** What a run begins with; tests give their own. */
export interface HostInput {
  terminal: Terminal;
  env: NodeJS.ProcessEnv;
  cwd: string;
  version: string;
  flags: GlobalFlags;
  signal: AbortSignal;
  now: () => Date;
}

/**
 * Everything that a command needs of the world, made on first use: a run that reads no target opens no file, and
 * one that talks to one target loads one adapter.
 */
export class Host {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly version: string;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly paths: UserPaths;
  readonly config: Config;
  readonly settings: Settings;
  readonly outStyle: Style;
  readonly errStyle: Style;
  readonly credentials: CredentialStore;
  readonly prompt: Prompter;
  readonly #flags: GlobalFlags;
  readonly #adapters = new Map<string, Promise<Adapter>>();
  #progress: Progress | undefined;

  private constructor(
    input: HostInput,
    {
      paths,
      config,
      settings,
      outStyle,
      errStyle,
    }: Pick<Host, "paths" | "config" | "settings" | "outStyle" | "errStyle">,
  ) {
    this.terminal = input.terminal;
    this.env = input.env;
    this.cwd = input.cwd;
    this.version = input.version;
    this.signal = input.signal;
    this.now = input.now;
    this.paths = paths;
    this.config = config;
    this.settings = settings;
    this.outStyle = outStyle;
    this.errStyle = errStyle;
    this.credentials = new CredentialStore(paths.config, input.env);
    this.prompt = new Prompter(input.terminal, {
      input: settings.input,
      yes: settings.yes,
      signal: input.signal,
    });
    this.#flags = input.flags;
  }

  /** @throws CONFIG or USAGE when a file, flag or variable does not fit. */
  static async create(input: HostInput): Promise<Host> {
    const flagged = input.flags.configDir;
    const folder = typeof flagged === "string" ? flagged : input.env.PLUGCTL_CONFIG_DIR || undefined;
    const paths = userPaths(input.env, folder);
    const config = await Config.load({ folder: paths.config, cwd: input.cwd });
    const settings = resolveSettings({ flags: input.flags, env: input.env, files: config.files });
    const [outStyle, errStyle] = await Promise.all([
      createStyle(input.terminal, "stdout", settings.color),
      createStyle(input.terminal, "stderr", settings.color),
    ]);
    return new Host(input, { paths, config, settings, outStyle, errStyle });
  }

  /** Every setting with its winner, for `config show`. */
  explainSettings(): ShownSetting[] {
    return explainSettings({ flags: this.#flags, env: this.env, files: this.config.files });
  }

  get progress(): Progress {
    this.#progress ??= createProgress({
      terminal: this.terminal,
      style: this.errStyle,
      quiet: this.settings.quiet,
      json: this.settings.output === "json" || this.settings.output === "jsonl",
      now: this.now,
    });
    return this.#progress;
  }

  /** A warning on stderr; `--quiet` keeps it, since it says that something is not as it should be. */
  warn(message: string): void {
    this.terminal.note(`${this.errStyle.symbol.warn} ${sanitize(message)}\n`);
  }

  /** A message on stderr that `--quiet` leaves out. */
  say(message: string): void {
    if (!this.settings.quiet) this.terminal.note(`${message}\n`);
  }

  /** Parses `[target:][namespace/]name[@version]`. */
  reference(text: string): PluginReference {
    return parseReference(
      text,
      this.config.targets().map((target) => target.name),
    );
  }

  /**
   * The one target for a command: named in the reference, else by `--target`, environment or configuration, else
   * the only one that has the capability.
   * @throws USAGE listing the candidates when several could be meant, NOT_FOUND, UNSUPPORTED.
   */
  async target(capability: Capability, named?: string): Promise<Target> {
    return selectTarget(this, capability, named);
  }

  /**
   * The targets of a command that does the same on each: several only where `--target` or the environment name them,
   * else the one that `target` finds.
   */
  async eachTarget(capability: Capability, named?: string): Promise<Target[]> {
    return selectEachTarget(this, capability, named);
  }

  /** The targets of a command that looks at many: those of `--target`, else all that have the capability. */
  async targets(capability: Capability): Promise<Target[]> {
    return selectTargets(this, capability);
  }

  /** The capability of a target, connected on first use. @throws UNSUPPORTED. */
  async use<C extends Capability>(capability: C, target: Target): Promise<Capabilities[C]> {
    let adapter = this.#adapters.get(target.name);
    if (adapter === undefined) {
      const entry = ADAPTERS[target.kind];
      if (entry === undefined)
        throw unsupportedError(target.name, target.kind, capability, kindsWith(capability));
      adapter = entry.load().then(({ createAdapter }) => createAdapter(this.#connection(target)));
      this.#adapters.set(target.name, adapter);
    }
    return need(await adapter, capability, kindsWith(capability));
  }

  /** Target and capability in one step, for commands that act on one target. */
  async capability<C extends Capability>(
    capability: C,
    named?: string,
  ): Promise<{ target: Target; on: Capabilities[C] }> {
    const target = await this.target(capability, named);
    return { target, on: await this.use(capability, target) };
  }

  /** Ends spinners and connections. */
  async close(): Promise<void> {
    this.#progress?.stop();
    await Promise.allSettled([...this.#adapters.values()].map(async (adapter) => (await adapter).close()));
  }

  #connection(target: Target): Connection {
    return {
      target: target.name,
      url: target.url,
      caFile: target.ca,
      credential: () =>
        this.credentials.find({ target: target.name, url: target.url, source: target.credential }),
      login: () => this.credentials.login(target.name, target.url),
      timeoutMs: this.settings.timeoutMs,
      signal: this.signal,
      userAgent: `plugctl/${this.version}`,
      container: target.container,
      deb: target.deb,
      kafka: target.kafka,
      env: this.env,
      cacheFolder: this.paths.cache,
      trace: this.settings.verbose ? (line) => this.terminal.note(`${sanitize(line)}\n`) : undefined,
    };
  }
}
