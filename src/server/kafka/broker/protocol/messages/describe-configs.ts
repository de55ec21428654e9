import { api, array, arrayOf, boolean, int8, int16, int32, string } from "../schema.ts";

export const describeConfigs = api({
  key: 32,
  name: "DescribeConfigs",
  versions: [0, 4],
  flexible: 4,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: arrayOf(string(), { nullable: 0 }),
    }),
    includeSynonyms: boolean({ since: 1, default: false }),
    includeDocumentation: boolean({ since: 3, default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: 0 }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: 0 }),
        readOnly: boolean(),
        isDefault: boolean({ until: 0 }),
        configSource: int8({ since: 1, default: -1 }),
        isSensitive: boolean(),
        synonyms: array(
          {
            name: string(),
            value: string({ nullable: 0 }),
            source: int8(),
          },
          { since: 1 },
        ),
        configType: int8({ since: 3, default: 0 }),
        documentation: string({ since: 3, nullable: 0 }),
      }),
    }),
  },
});
