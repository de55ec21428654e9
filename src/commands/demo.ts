import { runDemo } from "../actions/demo/demo.ts";
import type { Handler } from "./command.ts";
import type { demo } from "./demo.meta.ts";
import { createNarrator } from "./demo-narrator.ts";

export const run: Handler<typeof demo> = async ({ options, host }) => {
  const narrator = createNarrator(host.terminal, host.outStyle);
  await runDemo({ env: host.env, signal: host.signal, narrator, keep: options.keep === true });
  return undefined;
};
