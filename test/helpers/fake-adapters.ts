import type { AdapterEntry } from "../../src/adapters/index.ts";
import type { Capabilities, Capability } from "../../src/core/capabilities.ts";
import { type Cli, makeCli } from "./run-cli.ts";

type Fakes = { [C in Capability]?: Partial<Capabilities[C]> };

const fakes: { current: Fakes } = { current: {} };

/**
 * Stands in for src/adapters/index.ts, for tests that ask how words are parsed and results are shown:
 * `vi.mock("…/src/adapters/index.ts", () => import("…/helpers/fake-adapters.ts"))`. All targets are of kind container
 * and have what `cliOver` was given; what a test does not define is not there.
 */
export const ADAPTERS: { container: AdapterEntry } = {
  container: {
    get capabilities() {
      return Object.keys(fakes.current) as Capability[];
    },
    load: async () => ({
      kind: "container",
      createAdapter: ({ target }) => ({
        kind: "container",
        target,
        can: fakes.current as Capabilities,
        close: async () => {},
      }),
    }),
  },
};

export const kindsWith = (capability: Capability) => (capability in fakes.current ? ["container"] : []);

/** A command line with the targets `edge` and `lab`, both of which can do what is given. */
export async function cliOver(can: Fakes): Promise<Cli> {
  fakes.current = can;
  const cli = await makeCli();
  for (const name of ["edge", "lab"]) {
    const { code, stderr } = await cli(`target add ${name} --kind container --url unix:///none`);
    if (code !== 0) throw new Error(stderr);
  }
  return cli;
}
