import type { Group } from "./group.ts";
import { metadataFor, NO_ASSIGNMENT } from "./member.ts";

/** A group as tools see it. */
export interface GroupDescription {
  state: Group["state"];
  protocolType: string;
  protocolName: string;
  members: {
    id: string;
    instanceId: string | null;
    clientId: string;
    clientHost: string;
    metadata: Buffer;
    assignment: Buffer;
  }[];
}

export function describeGroup(group: Group): GroupDescription {
  const isStable = group.state === "Stable";
  return {
    state: group.state,
    protocolType: group.protocolType ?? "",
    protocolName: (isStable ? group.protocolName : null) ?? "",
    members: [...group.members.values()].map((member) => ({
      id: member.id,
      instanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: isStable ? metadataFor(member, group.protocolName) : NO_ASSIGNMENT,
      assignment: member.assignment,
    })),
  };
}
