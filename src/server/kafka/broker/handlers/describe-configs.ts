import { checkTopicName } from "../meta/topic-name.ts";
import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { describeConfigs } from "../protocol/messages/describe-configs.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { Principal } from "../security.ts";
import { type AdminApiSurroundings, CLUSTER, ResourceType, requireTopic } from "./admin-surroundings.ts";
import { refusalOf, SUCCESS } from "./refusal.ts";
import { type ConfigEntry, describeBrokerConfigs, describeTopicConfigs } from "./topic-config-entries.ts";

type Asked = RequestOf<typeof describeConfigs>["resources"][number];
type Described = ResponseOf<typeof describeConfigs>["results"][number];

/** Shows the settings of topics and of the broker. */
export const describeConfigsRoute = (around: AdminApiSurroundings): Route =>
  route(describeConfigs, async ({ resources, includeSynonyms, includeDocumentation }, { principal }) => ({
    results: resources.map((asked): Described => {
      const { resourceType, resourceName, configurationKeys } = asked;
      try {
        const wanted = configurationKeys?.length ? new Set(configurationKeys) : undefined;
        const entries = describe(around, principal, asked).filter(({ name }) => wanted?.has(name) ?? true);
        const configs = entries.map(({ synonyms, documentation, ...entry }) => ({
          ...entry,
          synonyms: includeSynonyms ? synonyms : [],
          documentation: includeDocumentation ? documentation : null,
        }));
        return { ...SUCCESS, resourceType, resourceName, configs };
      } catch (error) {
        return { ...refusalOf(error, around.log), resourceType, resourceName, configs: [] };
      }
    }),
  }));

function describe(
  around: AdminApiSurroundings,
  principal: Principal,
  { resourceType, resourceName }: Asked,
): ConfigEntry[] {
  if (resourceType === ResourceType.TOPIC) {
    requireTopic(around, principal, "describeConfigs", resourceName);
    checkTopicName(resourceName);
    const topic = around.registry.get(resourceName);
    if (topic !== undefined) return describeTopicConfigs(topic.configs, around.registry.defaultConfigs);
    throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${resourceName}`);
  }
  if (resourceType !== ResourceType.BROKER) {
    throw new KafkaError(
      ErrorCode.INVALID_REQUEST,
      `resources of type ${resourceType} have no settings here`,
    );
  }
  if (!around.authorizer.authorize(principal, "describeConfigs", CLUSTER)) {
    throw new KafkaError(
      ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      "not allowed: describeConfigs of the cluster",
    );
  }
  // Without a name: what all brokers of the cluster were given while it runs, which is nothing.
  if (resourceName === "") return [];
  if (resourceName === String(around.nodeId)) return describeBrokerConfigs(around.brokerConfigs);
  throw new KafkaError(
    ErrorCode.INVALID_REQUEST,
    `this is broker ${around.nodeId}, not ${resourceName.slice(0, 100)}`,
  );
}
