import type { ConnectionLogin } from "../../identity/connection-logins.ts";
import type { Operation, Resource } from "../broker/index.ts";

/** What a token reaches that was made for a plugin: it reads what it is for, and nothing else. */
export interface TopicGrant {
  /** Unique among plugins; quotas go by it. */
  readonly plugin: string;
  /** The plugin's topic. Names that begin with it and a dot, dash or underscore belong to it too, and so do such groups. */
  readonly topic: string;
}

/** Whether somebody may do something, as of the moment when their rights were looked up. */
export type Access = (operation: Operation, resource: Resource) => boolean;

export const noAccess: Access = () => false;

const OF_READERS: ReadonlySet<Operation> = new Set(["read", "describe"]);
const SHOWING: ReadonlySet<Operation> = new Set(["describe", "describeConfigs"]);

/** The plugin reads its own topic and takes part in groups of its own. */
export const accessOfPlugin =
  ({ topic }: TopicGrant): Access =>
  (operation, { type, name }) =>
    OF_READERS.has(operation) && (type === "topic" || type === "group") && belongsTo(topic, name);

const belongsTo = (topic: string, name: string) =>
  name === topic || (name.startsWith(topic) && /[._-]/.test(name.charAt(topic.length)));

/**
 * The permissions of the server as rights on topics: `admin` may do everything, `read` sees what there is and how it is set,
 * `deploy` works with topics, records and groups; a token for certain plugins (`plugin:<glob>`) with those of these names.
 */
export function accessOfUser(login: ConnectionLogin): Access {
  if (login.allows("admin")) return () => true;
  return (operation, { type, name }) => {
    if (SHOWING.has(operation) && login.allows("read")) return true;
    switch (type) {
      case "topic":
      case "group":
        return login.allows("deploy", { plugin: name });
      case "cluster":
        // An id for a producer opens nothing; where it may write is asked at each record batch.
        return operation === "idempotentWrite" || (operation === "create" && login.allows("deploy"));
      case "transactionalId":
        return false;
    }
  };
}
