import { record } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { targetTest } from "./test.meta.ts";

export const run: Handler<typeof targetTest> = async ({ args, host }) => {
  const { target, on } = await host.capability("health", args.name);
  const begin = performance.now();
  const health = await on.check();
  return record(
    {
      name: target.name,
      kind: target.kind,
      url: target.url,
      ...health,
      milliseconds: Math.round(performance.now() - begin),
    },
    [
      { key: "name" },
      { key: "kind" },
      { key: "url" },
      { key: "product" },
      { key: "version" },
      { key: "login", title: "signed in as" },
      { key: "milliseconds" },
    ],
  );
};
