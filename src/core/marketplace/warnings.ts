import type { Entry } from "./entry.ts";

/**
 * Entries whose program does not fit its own description, which the description cannot show. The names are those of
 * Thinger's marketplace.
 */
const KNOWN_DEFECTS: ReadonlyMap<string, string> = new Map([
  [
    "loriot",
    "its program reads THINGER_TOKEN_LORIOT_CALLBACK, but its token arrives as THINGER_TOKEN_LORIOT_PLUGIN_CALLBACK",
  ],
]);

/** What can be said of an entry before anybody installs it. */
export function entryWarnings(entry: Entry): string[] {
  return [
    ...deprecation(entry),
    ...entry.unknown.map((path) => `${path} is not a known member and has no effect`),
    ...Object.keys(entry.file.databases ?? {}).map(
      (database) =>
        `databases.${database}: no database is created, the plugin has to be given one by its settings`,
    ),
    ...foreignGrants(entry),
    ...[KNOWN_DEFECTS.get(entry.name)].filter((defect) => defect !== undefined),
  ];
}

function deprecation({ name, deprecated }: Entry): string[] {
  if (deprecated === null) return [];
  const message = deprecated.message === null ? "" : `: ${deprecated.message.replace(/\.$/, "")}`;
  const instead = deprecated.replacement === null ? "" : `; use ${deprecated.replacement} instead`;
  return [`${name} is deprecated${message}${instead}`];
}

/** A token that opens another plugin is meant now and then, and mostly a copy of that plugin's description. */
function foreignGrants(entry: Entry): string[] {
  return Object.entries(entry.file.tokens ?? {}).flatMap(([id, { allow = {} }]) =>
    Object.keys(allow.Plugin ?? {})
      .filter((plugin) => plugin !== "*" && plugin !== entry.name)
      .map((plugin) => `tokens.${id} opens the plugin ${plugin}, not ${entry.name}`),
  );
}
