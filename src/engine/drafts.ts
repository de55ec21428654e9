import { hostname } from "node:os";
import * as z from "zod/mini";
import { LABEL } from "./labels.ts";

/**
 * What the label of a container that is still being made says: who makes it, and what to do with it should that process
 * die before it is done.
 */
const draftSchema = z.object({
  host: z.string(),
  pid: z.number(),
  at: z.string(),
  /** Volumes that this container brought into being: they go with it. */
  newVolumes: z.array(z.string()),
  /** The container whose place it takes ran before. */
  wasRunning: z.boolean(),
});
export type Draft = z.output<typeof draftSchema>;

/** A process on another machine cannot be asked whether it lives; it is given this long. */
const FOREIGN_MS = 30 * 60_000;
/** Numbers of processes are used again. */
const OWN_MS = 24 * 3_600_000;

export function draftLabel(facts: Pick<Draft, "newVolumes" | "wasRunning">): Record<string, string> {
  const draft: Draft = { host: hostname(), pid: process.pid, at: new Date().toISOString(), ...facts };
  return { [LABEL.transient]: JSON.stringify(draft) };
}

/** Null when the label is absent or cannot be read. */
export function readDraft(labels: Readonly<Record<string, string>>): Draft | null {
  try {
    const parsed = draftSchema.safeParse(JSON.parse(labels[LABEL.transient] ?? ""));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Nobody works on it any more. */
export function isAbandoned(draft: Draft | null): boolean {
  if (draft === null) return true;
  const ageMs = Date.now() - Date.parse(draft.at);
  if (draft.host !== hostname()) return !(ageMs < FOREIGN_MS);
  return !(ageMs < OWN_MS) || !isAlive(draft.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process: it lives.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
