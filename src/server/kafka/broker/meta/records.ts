import { z } from "zod";

const topicSchema = z.object({
  name: z.string(),
  /** 22 characters of base64url. */
  id: z.string(),
  partitions: z.int().min(1),
  /** What is set beyond the defaults. */
  configs: z.record(z.string(), z.string()),
  /** Its records are being removed; the name is free when that is done. */
  deleting: z.boolean(),
});

/** What `meta.log` holds. */
export const metaRecordSchema = z.discriminatedUnion("type", [
  /** A topic as it is from here on. */
  z.object({ type: z.literal("topic"), topic: topicSchema }),
  z.object({ type: z.literal("topic-removed"), name: z.string() }),
  /** Producer ids below this one may have been given out. */
  z.object({ type: z.literal("producer-ids"), next: z.int().min(0) }),
]);

export type MetaRecord = z.infer<typeof metaRecordSchema>;

/** A topic with what is set for it. Values of this type do not change; a change makes a new one. */
export type StoredTopic = Readonly<z.infer<typeof topicSchema>>;
