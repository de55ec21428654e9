import type { Logger } from "pino";
import type { AuditLog } from "../../events/audit.ts";
import type { EventBus } from "../../events/bus.ts";
import type { AdminChange, Auditor } from "../broker/index.ts";
import { userOf } from "./accounts.ts";

export interface AuditSurroundings {
  readonly audit: AuditLog;
  readonly events: EventBus;
  readonly log: Pick<Logger, "error">;
}

/** Puts changes of topics and groups into the server's audit log and on its event bus. */
export function kafkaAuditor({ audit, events, log }: AuditSurroundings): Auditor {
  return {
    record({ principal, address, action, resource, outcome }: AdminChange) {
      const what = { action: `kafka.${action}`, resource: `${resource.type}:${resource.name}` };
      const actor = userOf(principal) ?? null;
      audit.record({ ...what, actor, outcome, ip: address, requestId: null }).catch((err: unknown) => {
        log.error({ err, ...what }, "a change is not in the audit log");
      });
      if (outcome === "ok") events.publish({ type: what.action, resource: what.resource });
    },
  };
}
