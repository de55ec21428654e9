import { Readable, Writable } from "node:stream";
import type { Target } from "../config/config.ts";
import type { GlobalFlags } from "../config/settings.ts";
import { Host } from "../host.ts";
import { Terminal } from "../output/terminal.ts";
import { VERSION } from "../version.ts";
import { readCachedPlugins, writeCachedPlugins } from "./plugin-cache.ts";
import type { Candidate, Names } from "./suggest.ts";

/** For all targets together, in ms: somebody waits with a finger on the key. */
const NETWORK_BUDGET_MS = 300;

export interface NamesInput {
  /** As far as they are on the line. */
  flags: GlobalFlags;
  env: NodeJS.ProcessEnv;
  cwd: string;
  now: () => Date;
}

/** Names out of the configuration and, for plugins, a short-lived cache or the targets themselves. Asks nobody. */
export function createNames(input: NamesInput): Names {
  return {
    targets: () =>
      orNothing(async () => {
        await using host = await openHost(input, AbortSignal.abort());
        return host.config
          .targets()
          .map(({ name, kind, url }) => ({ value: name, description: `${kind} ${url}` }));
      }),
    plugins: (target) =>
      orNothing(async () => {
        const signal = AbortSignal.timeout(NETWORK_BUDGET_MS);
        await using host = await openHost(input, signal);
        const targets =
          target === undefined ? await host.targets("listing") : [await host.target("listing", target)];
        const found = await Promise.all(targets.map((one) => orNothing(() => pluginsOf(host, one, signal))));
        return found.flat();
      }),
  };
}

const orNothing = (work: () => Promise<Candidate[]>): Promise<Candidate[]> => work().catch(() => []);

async function pluginsOf(host: Host, target: Target, signal: AbortSignal): Promise<Candidate[]> {
  const cached = await readCachedPlugins(host.paths.cache, target, host.now());
  if (cached !== undefined) return cached;
  // Such a command may well ask for a passphrase, in the middle of the line that is being typed.
  if (target.credential !== undefined && "command" in target.credential) return [];
  const listing = await host.use("listing", target);
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  const plugins = await Promise.race([listing.list(), aborted]);
  const candidates = plugins.map(({ name, description, state }) => ({
    value: name,
    state,
    description: description === null ? target.name : `${target.name}: ${description}`,
  }));
  await writeCachedPlugins(host.paths.cache, target, host.now(), candidates);
  return candidates;
}

/** A host that says and asks nothing. */
async function openHost({ flags, env, cwd, now }: NamesInput, signal: AbortSignal) {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const host = await Host.create({
    terminal: new Terminal({ stdin: Readable.from([]), stdout: silent, stderr: silent }, env),
    env,
    cwd,
    version: VERSION,
    flags: { ...flags, quiet: true, input: false },
    signal,
    now,
  });
  return Object.assign(host, { [Symbol.asyncDispose]: () => host.close() });
}
