import * as z from "zod/mini";

const buildSchema = z.object({ version: z.string(), sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)) });

/** A package file that was installed. */
export type PackageBuild = z.infer<typeof buildSchema>;

export const recordsSchema = z.record(
  z.string(),
  z.object({
    /** What is installed; null = nothing any more. */
    current: z.nullable(buildSchema),
    /** What was before it. */
    previous: z.nullable(buildSchema),
    /** When `current` came to be so, ISO 8601. */
    changedAt: z.string(),
  }),
);

/** By the name of the package: which files installed packages came from. */
export type PackageRecords = z.infer<typeof recordsSchema>;

/** The records after a change. The same file again leaves what was before it. */
export function recordsAfter(
  records: PackageRecords,
  change: {
    installed: readonly (PackageBuild & { package: string })[];
    removed: readonly string[];
    at: Date;
  },
): PackageRecords {
  const after = { ...records };
  const set = (name: string, current: PackageBuild | null) => {
    const known = after[name];
    const isSame = known !== undefined && known.current?.sha256 === current?.sha256;
    after[name] = {
      current,
      previous: isSame
        ? known.previous
        : (known?.current ?? (current === null ? (known?.previous ?? null) : null)),
      changedAt: change.at.toISOString(),
    };
  };
  for (const name of change.removed) set(name, null);
  for (const { package: name, version, sha256 } of change.installed) set(name, { version, sha256 });
  return after;
}
