import { ConfigType, configKey, configValue, type TopicOverrides } from "../meta/topic-config.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import type { Principal } from "../security.ts";
import {
  type AdminApiSurroundings,
  CLUSTER,
  ResourceType,
  refuseRepeated,
  repeated,
  requireTopic,
} from "./admin-surroundings.ts";
import { type Outcome, outcomeOf } from "./refusal.ts";

/** One resource of a request to change settings. */
interface Asked {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What is to become of the settings of a topic. @throws KafkaError for what cannot be done to them */
export type ConfigChange = (before: TopicOverrides) => TopicOverrides;

const key = ({ resourceType, resourceName }: Asked) => `${resourceType} ${resourceName}`;

/** Changes resources, each for itself. */
export async function changeConfigs<Resource extends Asked>(
  around: AdminApiSurroundings,
  principal: Principal,
  resources: readonly Resource[],
  validateOnly: boolean,
  toChange: (resource: Resource) => ConfigChange,
): Promise<(Outcome & Asked)[]> {
  const twice = repeated(resources.map(key));
  return Promise.all(
    resources.map(async (resource) => {
      const { resourceType, resourceName } = resource;
      const outcome = await outcomeOf(around.log, async () => {
        refuseRepeated(twice, key(resource));
        checkResource(around, principal, resource);
        const change = toChange(resource);
        if (validateOnly) around.registry.checkConfigs(resourceName, change);
        else await around.registry.configure(resourceName, change);
      });
      return { resourceType, resourceName, ...outcome };
    }),
  );
}

function checkResource(
  around: AdminApiSurroundings,
  principal: Principal,
  { resourceType, resourceName }: Asked,
): void {
  if (resourceType === ResourceType.TOPIC) {
    requireTopic(around, principal, "alterConfigs", resourceName);
    return;
  }
  if (!around.authorizer.authorize(principal, "alterConfigs", CLUSTER)) {
    throw new KafkaError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "not allowed: alterConfigs of the cluster");
  }
  throw new KafkaError(ErrorCode.INVALID_REQUEST, "only topics can be set while the broker runs");
}

/** Refuses what is no value. @throws KafkaError INVALID_REQUEST */
export function requireValue(name: string, value: string | null): string {
  if (value === null) throw new KafkaError(ErrorCode.INVALID_REQUEST, `${name} has no value`);
  return value;
}

/** The elements of a setting that is a list, beside those that are in force. @throws KafkaError INVALID_CONFIG */
export function listsOf(
  name: string,
  value: string,
  overrides: TopicOverrides,
  defaults: TopicOverrides,
): { current: string[]; given: string[] } {
  if (configKey(name).type !== ConfigType.LIST) {
    throw new KafkaError(
      ErrorCode.INVALID_CONFIG,
      `${name} is no list, so nothing can be added or taken away`,
    );
  }
  const elements = (text: string) => text.split(",").map((element) => element.trim());
  return { current: elements(configValue(name, overrides, defaults)), given: elements(value) };
}
