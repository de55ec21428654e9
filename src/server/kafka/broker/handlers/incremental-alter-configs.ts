import type { TopicOverrides } from "../meta/topic-config.ts";
import { configKey } from "../meta/topic-config.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { incrementalAlterConfigs } from "../protocol/messages/incremental-alter-configs.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { RequestOf } from "../protocol/schema.ts";
import type { AdminApiSurroundings } from "./admin-surroundings.ts";
import { changeConfigs, listsOf, requireValue } from "./config-changes.ts";

type Step = RequestOf<typeof incrementalAlterConfigs>["resources"][number]["configs"][number];

const Operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

/** Changes single settings of topics. */
export const incrementalAlterConfigsRoute = (around: AdminApiSurroundings): Route =>
  route(incrementalAlterConfigs, async ({ resources, validateOnly }, { principal }) => ({
    responses: await changeConfigs(
      around,
      principal,
      resources,
      validateOnly,
      ({ configs }) =>
        (before) =>
          configs.reduce((changed, step) => take(step, changed, around.registry.defaultConfigs), before),
    ),
  }));

function take(
  { name, configOperation, value }: Step,
  before: TopicOverrides,
  defaults: TopicOverrides,
): TopicOverrides {
  configKey(name);
  const { [name]: _removed, ...others } = before;
  if (configOperation === Operation.DELETE) return others;
  const text = requireValue(name, value);
  if (configOperation === Operation.SET) return { ...others, [name]: text };
  if (configOperation !== Operation.APPEND && configOperation !== Operation.SUBTRACT) {
    throw new KafkaError(ErrorCode.INVALID_REQUEST, `there is no operation ${configOperation}`);
  }
  const { current, given } = listsOf(name, text, before, defaults);
  const kept = current.filter((element) => !given.includes(element));
  const list =
    configOperation === Operation.SUBTRACT
      ? kept
      : [...current, ...given.filter((element) => !current.includes(element))];
  return { ...others, [name]: list.join(",") };
}
