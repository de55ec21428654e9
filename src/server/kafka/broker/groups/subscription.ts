import type { Group } from "./group.ts";
import { metadataFor } from "./member.ts";

/** The protocol type of Kafka's consumers; other groups (Connect workers, for one) keep other metadata. */
const CONSUMER = "consumer";

/** The topics that a consumer's metadata names: version, then an array of strings. Undefined for anything else. */
export function subscribedTopics(metadata: Buffer): string[] | undefined {
  const topics = [];
  try {
    const count = metadata.readInt32BE(2);
    let at = 6;
    for (let index = 0; index < count; index++) {
      const end = at + 2 + metadata.readInt16BE(at);
      if (end < at + 2 || end > metadata.length) return undefined;
      topics.push(metadata.toString("utf8", at + 2, end));
      at = end;
    }
  } catch {
    return undefined;
  }
  return topics;
}

/** Topics that members of the group consume; undefined when that cannot be known. */
export function topicsInUse(group: Group): Set<string> | undefined {
  if (group.protocolType !== CONSUMER) return group.members.size === 0 ? new Set() : undefined;
  const topics = new Set<string>();
  for (const member of group.members.values()) {
    const subscribed = subscribedTopics(metadataFor(member, group.protocolName));
    if (subscribed === undefined) return undefined;
    for (const topic of subscribed) topics.add(topic);
  }
  return topics;
}
