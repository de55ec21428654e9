import { ErrorCode } from "../protocol/errors.ts";
import { deleteTopics } from "../protocol/messages/delete-topics.ts";
import { type Route, route } from "../protocol/registry.ts";
import type { Principal } from "../security.ts";
import { NO_TOPIC_ID } from "../topics.ts";
import { type AdminApiSurroundings, mayUseTopic, requireTopic } from "./admin-surroundings.ts";
import { outcomeOf } from "./refusal.ts";

const BY_ID_SINCE = 6;

/** Removes topics with their records, each for itself. */
export const deleteTopicsRoute = (around: AdminApiSurroundings): Route =>
  route(deleteTopics, async ({ topics, topicNames }, { apiVersion, principal }) => {
    const asked =
      apiVersion < BY_ID_SINCE ? topicNames.map((name) => ({ name, topicId: NO_TOPIC_ID })) : topics;
    return {
      responses: await Promise.all(
        asked.map(({ name, topicId }) =>
          name === null
            ? removeById(around, principal, topicId)
            : removeByName(around, principal, name, topicId),
        ),
      ),
    };
  });

async function removeByName(around: AdminApiSurroundings, principal: Principal, name: string, asked: string) {
  if (asked !== NO_TOPIC_ID) {
    const errorMessage = "a topic is named by its name or by its id, not by both";
    return { name, topicId: asked, errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
  }
  const topicId = around.registry.get(name)?.id ?? NO_TOPIC_ID;
  const outcome = await outcomeOf(around.log, async () => {
    requireTopic(around, principal, "delete", name);
    await around.registry.remove(name);
  });
  return { name, topicId, ...outcome };
}

async function removeById(around: AdminApiSurroundings, principal: Principal, topicId: string) {
  const name = around.registry.byId(topicId)?.name;
  // Who may not see a topic does not learn its name.
  if (name === undefined || !mayUseTopic(around, principal, "describe", name)) {
    return { name: null, topicId, errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
  }
  return removeByName(around, principal, name, NO_TOPIC_ID);
}
