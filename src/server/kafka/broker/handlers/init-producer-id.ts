import { ErrorCode } from "../protocol/errors.ts";
import { initProducerId } from "../protocol/messages/init-producer-id.ts";
import { type Route, route } from "../protocol/registry.ts";
import { type AdminApiSurroundings, CLUSTER } from "./admin-surroundings.ts";

/** Gives a producer the id under which its batches are told from copies of themselves. */
export const initProducerIdRoute = (around: AdminApiSurroundings): Route =>
  route(initProducerId, async ({ transactionalId }, { principal }) => {
    const refuse = (errorCode: ErrorCode) => ({ errorCode, producerId: -1, producerEpoch: -1 });
    // There are no transactions; of the errors of this API this is the one that every client takes as final.
    if (transactionalId !== null) return refuse(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    if (!around.authorizer.authorize(principal, "idempotentWrite", CLUSTER)) {
      return refuse(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    }
    try {
      return { errorCode: ErrorCode.NONE, producerId: await around.producerIds.next(), producerEpoch: 0 };
    } catch (error) {
      around.log.error({ err: error }, "no producer id could be reserved");
      // Which clients take for passing, and ask again.
      return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
  });
