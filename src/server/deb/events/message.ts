import type { TaskStatus } from "../tasks/statuses.ts";
import type { TaskAction } from "../tasks/task-record.ts";

/** A message about a task's progress, ready for the broker (wazo-plugind spec, section 5.4). */
export interface ProgressMessage {
  routingKey: string;
  headers: Readonly<Record<string, string>>;
  /** Members beside the headers' five: only `data`. */
  body: Readonly<Record<string, unknown>>;
}

export interface ProgressData {
  uuid: string;
  status: TaskStatus;
  /** wazo-plugind's shape of a failure, with the status `error`. */
  errors?: Readonly<Record<string, unknown>>;
  [extra: string]: unknown;
}

/** Words of a routing key must not look like its separators and wildcards. */
const escapeWord = (word: string) =>
  word.replaceAll(".", "__DOT__").replaceAll("#", "__HASH__").replaceAll("*", "__STAR__");

/** A local time as Python's `datetime.isoformat` writes it: microseconds, no zone. */
function localTimestamp(at: Date): string {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().replace(/Z$/, "000");
}

/** The message for a status. `originUuid` is that of this server. */
export function progressMessage(
  action: Exclude<TaskAction, "build">,
  data: ProgressData,
  { originUuid, at }: { originUuid: string; at: Date },
): ProgressMessage {
  // A roll-back installs the version before, so it is an installation to those who listen.
  const verb = action === "remove" ? "uninstall" : "install";
  const name = `plugin_${verb}_progress`;
  const routingKey = `plugin.${verb}.${escapeWord(data.uuid)}.${escapeWord(data.status)}`;
  const headers = {
    name,
    required_access: `event.${name}`,
    required_acl: `events.${routingKey}`,
    origin_uuid: originUuid,
    timestamp: localTimestamp(at),
  };
  return { routingKey, headers, body: { ...headers, data } };
}
