import { done } from "../../output/result.ts";
import type { Handler } from "../command.ts";
import type { serverRotateKeys } from "./rotate-keys.meta.ts";

export const run: Handler<typeof serverRotateKeys> = async ({ host }) => {
  const { target, on } = await host.capability("administration");
  const { kid } = await on.server.rotateKeys();
  return done(`${target.name} signs with the key ${kid} from now on`, { kid }, { nameOf: () => kid });
};
