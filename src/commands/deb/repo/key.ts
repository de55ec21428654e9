import { record, text } from "../../../output/result.ts";
import type { Handler } from "../../command.ts";
import type { debRepoKey } from "./key.meta.ts";

export const run: Handler<typeof debRepoKey> = async ({ options, host }) => {
  const { target, on } = await host.capability("repository");
  const key = await on.key();
  if (options.armored) return text(`${key.armored.trimEnd()}\n`);
  return record(
    { target: target.name, ...key },
    [{ key: "target" }, { key: "url" }, { key: "fingerprint" }],
    {
      nameOf: () => key.fingerprint,
    },
  );
};
