import { configValue, TOPIC_CONFIG_KEYS, type TopicOverrides } from "../meta/topic-config.ts";

/** Numbers of the protocol for where a value comes from. */
const ConfigSource = { TOPIC: 1, STATIC_BROKER: 4, DEFAULT: 5 } as const;

/** One setting as clients see it. */
export interface ConfigEntry {
  name: string;
  value: string;
  readOnly: boolean;
  isDefault: boolean;
  configSource: (typeof ConfigSource)[keyof typeof ConfigSource];
  isSensitive: boolean;
  /** The values that count when the ones before are taken away. */
  synonyms: { name: string; value: string; source: number }[];
  configType: number;
  documentation: string;
}

/** Every setting of a topic, with what is in force and why. */
export function describeTopicConfigs(overrides: TopicOverrides, defaults: TopicOverrides): ConfigEntry[] {
  return TOPIC_CONFIG_KEYS.map(({ name, type, documentation, default: builtIn }) => {
    const own = overrides[name];
    const broker = defaults[name];
    const synonyms: ConfigEntry["synonyms"] = [{ name, value: builtIn, source: ConfigSource.DEFAULT }];
    if (broker !== undefined) synonyms.unshift({ name, value: broker, source: ConfigSource.STATIC_BROKER });
    let configSource: ConfigEntry["configSource"] = ConfigSource.DEFAULT;
    if (own !== undefined) {
      configSource = ConfigSource.TOPIC;
      synonyms.unshift({ name, value: own, source: ConfigSource.TOPIC });
    } else if (broker !== undefined) configSource = ConfigSource.STATIC_BROKER;
    return {
      name,
      value: configValue(name, overrides, defaults),
      readOnly: false,
      isDefault: own === undefined,
      configSource,
      isSensitive: false,
      synonyms,
      configType: type,
      documentation,
    };
  });
}

/** The settings of the broker, which are given where it is started. */
export const describeBrokerConfigs = (configs: Readonly<Record<string, string>>): ConfigEntry[] =>
  Object.entries(configs).map(([name, value]) => ({
    name,
    value,
    readOnly: true,
    isDefault: false,
    configSource: ConfigSource.STATIC_BROKER,
    isSensitive: false,
    synonyms: [{ name, value, source: ConfigSource.STATIC_BROKER }],
    configType: 2,
    documentation: "Given where the broker is started.",
  }));
