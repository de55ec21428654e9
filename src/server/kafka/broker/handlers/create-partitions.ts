import { ErrorCode, KafkaError } from "../protocol/errors.ts";
import { createPartitions } from "../protocol/messages/create-partitions.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type AdminApiSurroundings, refuseRepeated, repeated, requireTopic } from "./admin-surroundings.ts";
import { outcomeOf } from "./refusal.ts";
import { checkReplicas } from "./replicas.ts";

/** Adds partitions to topics, each for itself. */
export const createPartitionsRoute = (around: AdminApiSurroundings): Route =>
  route(createPartitions, async ({ topics, validateOnly }, { principal }) => {
    const twice = repeated(topics.map(({ name }) => name));
    const add = async ({ name, count, assignments }: (typeof topics)[number]) => {
      refuseRepeated(twice, name);
      requireTopic(around, principal, "alter", name);
      const before = around.registry.get(name)?.partitions ?? 0;
      around.registry.checkNewPartitions(name, count);
      if (assignments !== null) {
        checkReplicas(assignments, around.nodeId);
        if (assignments.length !== count - before) {
          const why = `${count - before} partitions are new, but ${assignments.length} are assigned`;
          throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why);
        }
      }
      if (!validateOnly) await around.registry.addPartitions(name, count);
    };
    return {
      results: await Promise.all(
        topics.map(async (topic) => ({
          name: topic.name,
          ...(await outcomeOf(around.log, () => add(topic))),
        })),
      ),
    };
  });
