import { batch } from "../actions/batch.ts";
import type { FileProblem } from "../core/verification.ts";
import type { Host } from "../host.ts";
import { rows } from "../output/result.ts";
import { type Addressed, addressedAll } from "./addressed.ts";
import type { Handler } from "./command.ts";
import { pluginName } from "./plugin-rows.ts";
import { byTarget } from "./several-targets.ts";
import type { verify } from "./verify.meta.ts";

export const run: Handler<typeof verify> = async ({ args, options, host }) => {
  const plugins =
    args.plugins.length > 0 ? await addressedAll(host, "verification", args.plugins) : await everything(host);
  const outcomes = await batch(
    plugins,
    async ({ on, name }) => on.verify(name),
    byTarget(host, options.parallel),
  );
  const found = outcomes.map(({ item, value, error }) => {
    const identity = { target: item.target.name, kind: item.target.kind, name: item.name };
    if (error === undefined) return { ...identity, ...value, error: null };
    host.warn(`${item.label}: ${error.message}`);
    const { code, message, hint = null } = error;
    return { ...identity, version: null, ok: null, problems: [], error: { code, message, hint } };
  });
  const differs = found.some(({ ok }) => ok === false);
  const failed = found.some(({ error }) => error !== null);
  return rows(
    found,
    [
      { key: "target", drop: 2 },
      { key: "name", drop: 0 },
      { key: "version", drop: 1 },
      { key: "ok", title: "as delivered", drop: 0, show: (ok) => (ok ? "yes" : "no") },
      { key: "problems", drop: 0, show: (problems) => sentenceOf(problems as FileProblem[]) },
      ...(failed ? [{ key: "error", drop: 0, show: (error: unknown) => (error as Error).message }] : []),
    ],
    { empty: "nothing is installed", nameOf: pluginName, exitCode: differs ? 9 : failed ? 8 : 0 },
  );
};

/** Every plugin of the targets of the run, else of all that can verify. */
async function everything(host: Host): Promise<Addressed<"verification">[]> {
  const targets = await host.targets("verification");
  const found = await Promise.all(
    targets.map(async (target) => {
      const [on, listing] = await Promise.all([
        host.use("verification", target),
        host.use("listing", target),
      ]);
      return (await listing.list())
        .filter(({ state }) => state !== "available")
        .map(({ name }) => ({ label: `${target.name}:${name}`, target, name, version: undefined, on }));
    }),
  );
  return found.flat();
}

const sentenceOf = (problems: readonly FileProblem[]) =>
  problems.map(({ path, problem }) => `${problem}: ${path}`).join("; ");
