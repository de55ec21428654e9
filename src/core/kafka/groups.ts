export interface GroupSummary {
  name: string;
  /** Kafka's word: `Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead`. */
  state: string;
  members: number;
  /** `consumer` for groups that read topics. */
  protocolType: string;
}

export interface GroupMember {
  id: string;
  clientId: string;
  host: string;
  /** What it reads. */
  partitions: { topic: string; partition: number }[];
}

export interface GroupOffset {
  topic: string;
  partition: number;
  /** Where the group goes on; null where it has not begun. */
  offset: number | null;
  /** Where the partition ends. */
  endOffset: number;
  /** Messages between the two; null where the group has not begun. */
  lag: number | null;
  /** The id of the member that reads it. */
  member: string | null;
}

export interface GroupDetail extends GroupSummary {
  /** How partitions are shared among the members. */
  assignor: string | null;
  /** The sum of the partitions' lag. */
  lag: number;
  memberDetails: GroupMember[];
  /** By topic and partition: those that the group has offsets for, or reads. */
  offsets: GroupOffset[];
}

/** A place in a partition. */
export type Position =
  | { at: "beginning" | "end" }
  | { at: "offset"; offset: number }
  /** The first message of that time or later; the end where there is none. */
  | { at: "time"; time: Date }
  /** So many messages before the end. */
  | { at: "last"; count: number };

export interface OffsetReset {
  group: string;
  /** Without partitions, all of the topic; without topics, all that the group has offsets for. */
  topics?: readonly { topic: string; partitions?: readonly number[] | undefined }[] | undefined;
  to: Position;
  /** Say what would change, change nothing. */
  dryRun: boolean;
}

export interface ResetOffset {
  topic: string;
  partition: number;
  from: number | null;
  to: number;
}

/** Consumer groups of a Kafka cluster. All methods throw FORBIDDEN where the cluster says so. */
export interface ConsumerGroups {
  /** By name. */
  list(): Promise<GroupSummary[]>;
  /** @throws NOT_FOUND. */
  describe(name: string): Promise<GroupDetail>;
  /** Offsets beyond what is there become the nearest that is. @throws CONFLICT while the group has members, NOT_FOUND. */
  reset(request: OffsetReset): Promise<ResetOffset[]>;
  /** With its offsets. @throws CONFLICT while it has members, NOT_FOUND. */
  delete(name: string): Promise<void>;
}
