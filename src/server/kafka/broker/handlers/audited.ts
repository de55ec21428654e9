import { ErrorCode } from "../protocol/errors.ts";
import { alterConfigs } from "../protocol/messages/alter-configs.ts";
import { createPartitions } from "../protocol/messages/create-partitions.ts";
import { createTopics } from "../protocol/messages/create-topics.ts";
import { deleteGroups } from "../protocol/messages/delete-groups.ts";
import { deleteRecords } from "../protocol/messages/delete-records.ts";
import { deleteTopics } from "../protocol/messages/delete-topics.ts";
import { incrementalAlterConfigs } from "../protocol/messages/incremental-alter-configs.ts";
import { offsetDelete } from "../protocol/messages/offset-delete.ts";
import type { Route } from "../protocol/registry.ts";
import type { Api, RequestOf, ResponseOf } from "../protocol/schema.ts";
import type { AdminChange, Auditor, Resource } from "../security.ts";
import { CLUSTER, ResourceType } from "./admin-surroundings.ts";

/** What an answer says of one change. */
interface Answered extends Pick<AdminChange, "action" | "resource"> {
  readonly errorCode: number;
}

type ReadChanges = (request: never, response: never) => readonly Answered[];

const topic = (name: string | null | undefined): Resource => ({ type: "topic", name: name ?? "" });
const group = (name: string): Resource => ({ type: "group", name });

/** One change of an API that changes things, read from its answer. */
const changes = <A extends Api>(
  api: A,
  read: (request: RequestOf<A>, response: ResponseOf<A>) => readonly Answered[],
): readonly [number, ReadChanges] => [api.key, read as ReadChanges];

interface SetResource {
  readonly resourceType?: number;
  readonly resourceName?: string;
  readonly errorCode?: number;
}

/** Both ways to change settings are one to whoever reads the log. */
const configured = (
  { validateOnly }: { readonly validateOnly: boolean },
  { responses }: { readonly responses: readonly SetResource[] },
): Answered[] =>
  validateOnly
    ? []
    : responses.map(({ resourceType, resourceName, errorCode = 0 }) => ({
        action: "topic.configure",
        resource: resourceType === ResourceType.TOPIC ? topic(resourceName) : CLUSTER,
        errorCode,
      }));

const CHANGES: ReadonlyMap<number, ReadChanges> = new Map([
  changes(createTopics, ({ validateOnly }, { topics }) =>
    validateOnly
      ? []
      : topics.map(({ name, errorCode = 0 }) => ({
          action: "topic.create",
          resource: topic(name),
          errorCode,
        })),
  ),
  changes(deleteTopics, (_, { responses = [] }) =>
    responses.map(({ name, errorCode = 0 }) => ({
      action: "topic.delete",
      resource: topic(name),
      errorCode,
    })),
  ),
  changes(createPartitions, ({ validateOnly }, { results }) =>
    validateOnly
      ? []
      : results.map(({ name, errorCode = 0 }) => ({
          action: "topic.grow",
          resource: topic(name),
          errorCode,
        })),
  ),
  changes(deleteRecords, (_, { topics }) =>
    topics.map(({ name, partitions }) => ({
      action: "records.delete",
      resource: topic(name),
      errorCode: partitions.find(({ errorCode }) => errorCode !== ErrorCode.NONE)?.errorCode ?? 0,
    })),
  ),
  changes(alterConfigs, configured),
  changes(incrementalAlterConfigs, configured),
  changes(deleteGroups, (_, { results }) =>
    results.map(({ groupId, errorCode = 0 }) => ({
      action: "group.delete",
      resource: group(groupId),
      errorCode,
    })),
  ),
  changes(offsetDelete, ({ groupId }, { errorCode = 0 }) => [
    { action: "group.forget", resource: group(groupId), errorCode },
  ]),
]);

const DENIED: ReadonlySet<number> = new Set([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.GROUP_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
]);

/** Lets the auditor know of what the API changes, or refuses because of who asks; other refusals change nothing. */
export function audited(route: Route, auditor: Auditor): Route {
  const read = CHANGES.get(route.api.key);
  if (read === undefined) return route;
  return {
    ...route,
    async handle(request, context) {
      const response = await route.handle(request, context);
      for (const { errorCode, ...change } of read(request as never, response as never)) {
        const denied = DENIED.has(errorCode);
        if (errorCode !== ErrorCode.NONE && !denied) continue;
        auditor.record({
          ...change,
          principal: context.principal,
          address: context.connection.remoteAddress,
          outcome: denied ? "denied" : "ok",
        });
      }
      return response;
    },
  };
}
