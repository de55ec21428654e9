import type { Administration } from "../core/administration.ts";
import { usageError, verificationError } from "../core/errors.ts";
import type { Host } from "../host.ts";
import { done, type Result, rows } from "../output/result.ts";
import type { Column } from "../output/table.ts";
import type { audit } from "./audit.meta.ts";
import type { Handler, Options } from "./command.ts";
import { parseInstant } from "./instant.ts";

const AUDIT_COLUMNS: readonly Column[] = [
  { key: "seq", as: "number", drop: 3 },
  { key: "at", title: "when", as: "time", drop: 0 },
  { key: "actor", title: "who", drop: 0 },
  { key: "action", drop: 0 },
  { key: "resource", drop: 1 },
  { key: "outcome", as: "state", drop: 0 },
  { key: "ip", title: "from", drop: 4 },
];

export const run: Handler<typeof audit> = async ({ options, host }) => {
  const { verify, ...filter } = options;
  if (verify) {
    if (Object.values(filter).some((value) => value !== undefined)) {
      throw usageError("--verify looks at the whole log and takes no filter");
    }
    const { target, on } = await host.capability("administration");
    return verified(await on.audit.verify(), target.name);
  }
  const query = toQuery(filter, host);
  const { on } = await host.capability("administration");
  const items = await on.audit.query(query);
  return rows(items, AUDIT_COLUMNS, { empty: "no such change", nameOf: (row) => String(row.seq) });
};

function toQuery({ since, until, limit = 50, ...exact }: Omit<Options<typeof audit>, "verify">, host: Host) {
  const instant = (text: string | undefined, option: string) =>
    text === undefined ? undefined : parseInstant(text, option, host.now());
  return { ...exact, since: instant(since, "--since"), until: instant(until, "--until"), limit };
}

/** @throws VERIFICATION naming the first row that does not fit. */
function verified(found: Awaited<ReturnType<Administration["audit"]["verify"]>>, target: string): Result {
  if (!found.ok) {
    throw verificationError(`the audit log of ${target} was altered: row ${found.brokenAt} does not fit`, {
      hint: "compare that row, and those before it, with a backup",
      details: found,
    });
  }
  return done(`the audit log of ${target} is unbroken (${found.rows} rows)`, found);
}
