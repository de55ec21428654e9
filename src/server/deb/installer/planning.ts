import type { Paragraph } from "../../../core/deb/control.ts";
import { PLUGIN_SECTION, pluginOfPackage } from "../../../core/deb/package-name.ts";
import {
  type Alternatives,
  formatAlternatives,
  parseRelations,
  type RelatedPackage,
  RelatedPackages,
} from "../../../core/deb/relations.ts";
import { compareVersions } from "../../../core/deb/version.ts";
import { conflictError, invalidError, notFoundError } from "../../../core/errors.ts";
import type { PackageChange } from "./installer.ts";
import { type InstalledPackage, isInstalled } from "./package-database.ts";

/** A package file that is to be installed. */
export interface Candidate {
  file: string;
  sha256: string;
  name: string;
  version: string;
  architecture: string;
  fields: Paragraph;
  sizeBytes: number;
  /** What it puts into place, where that is known. */
  paths?: readonly string[] | undefined;
}

/** What a change comes to, as far as this machine knows without asking any archive. */
export interface LocalPlan {
  /** What needs others comes after them. */
  install: { candidate: Candidate; from: InstalledPackage | undefined }[];
  /** What needs others comes before them. */
  remove: { installed: InstalledPackage; purge: boolean }[];
  /** Relations that neither installed packages nor those of the change satisfy. */
  missing: Alternatives[];
}

/** True for packages that are plugins. */
export const isPlugin = ({ name, fields }: Pick<InstalledPackage, "name" | "fields">): boolean =>
  fields.get("Section") === PLUGIN_SECTION && pluginOfPackage(name) !== undefined;

/**
 * Checks a change against the packages of a root.
 * @throws CONFLICT (downgrade, dependents, conflicting packages), NOT_FOUND (nothing to remove), INVALID (wrong architecture).
 */
export function planLocally(
  change: PackageChange,
  candidates: readonly Candidate[],
  root: { own: readonly InstalledPackage[]; others: readonly InstalledPackage[]; architecture: string },
): LocalPlan {
  const installed = new Map(root.own.map((one) => [one.name, one]));
  for (const candidate of candidates)
    checkCandidate(candidate, installed.get(candidate.name), change, root.architecture);

  const remove = change.remove.map(({ package: name, purge }) => {
    const found = installed.get(name);
    if (found === undefined || !isPlugin(found) || (found.status === "config-files" && !purge)) {
      throw notFoundError(`no plugin is installed as package ${name}`);
    }
    return { installed: found, purge };
  });
  const present = [...root.own, ...root.others].filter(isInstalled);
  const removed = addDependents(change, remove, candidates, present, root.architecture);
  const after = packagesAfter(present, removed, candidates);
  checkConflicts(candidates, after, root.architecture);
  const wanted = candidates.flatMap(({ fields }) => dependencies(fields));
  const related = new RelatedPackages(wanted.length === 0 ? [] : after.map(toRelated), root.architecture);
  return {
    install: inOrder(candidates, root.architecture).map((candidate) => ({
      candidate,
      from: installed.get(candidate.name),
    })),
    remove: removed,
    missing: wanted.filter((relation) => related.satisfying(relation).length === 0),
  };
}

function checkCandidate(
  { name, version, architecture }: Candidate,
  installed: InstalledPackage | undefined,
  { allowDowngrade }: PackageChange,
  native: string,
): void {
  if (architecture !== "all" && architecture !== native) {
    throw invalidError(`${name} ${version} is for ${architecture}, and this is ${native}`);
  }
  if (installed === undefined || installed.status === "config-files" || allowDowngrade) return;
  if (compareVersions(version, installed.version) < 0) {
    throw conflictError(`${name} ${installed.version} is installed, which is newer than ${version}`, {
      hint: "allow the downgrade if it is meant",
      details: { reason: "downgrade", package: name, installed: installed.version, version },
    });
  }
}

/** Everything that has to go. @throws CONFLICT when something else would be left without what it needs. */
function addDependents(
  { removeDependents }: PackageChange,
  remove: LocalPlan["remove"],
  candidates: readonly Candidate[],
  present: readonly InstalledPackage[],
  native: string,
): LocalPlan["remove"] {
  const removed = [...remove];
  for (;;) {
    const after = packagesAfter(present, removed, candidates);
    const stays = new Set<InstalledPackage | Candidate>(after);
    // Only what one of these satisfied can be unsatisfied now.
    const gone = new RelatedPackages(present.filter((one) => !stays.has(one)).map(toRelated), native);
    const needs = present
      .filter((one) => stays.has(one))
      .map((one) => ({
        one,
        relations: dependencies(one.fields).filter((relation) => gone.satisfying(relation).length > 0),
      }))
      .filter(({ relations }) => relations.length > 0);
    if (needs.length === 0) return removed;
    const related = new RelatedPackages(after.map(toRelated), native);
    const broken = needs
      .filter(({ relations }) => relations.some((relation) => related.satisfying(relation).length === 0))
      .map(({ one }) => one);
    if (broken.length === 0) return removed;
    const names = broken.map(({ name }) => name);
    if (!removeDependents || removed.length === 0 || !broken.every(isPlugin)) {
      throw conflictError(`${names.join(", ")} would be left without what they need`, {
        hint: "remove them first, or have what depends on a plugin removed with it",
        details: { reason: "dependents", dependents: names },
      });
    }
    // What was found last depends on what was found before.
    removed.unshift(...broken.map((one) => ({ installed: one, purge: remove.every(({ purge }) => purge) })));
  }
}

function packagesAfter(
  present: readonly InstalledPackage[],
  removed: LocalPlan["remove"],
  candidates: readonly Candidate[],
): (InstalledPackage | Candidate)[] {
  const gone = new Set([
    ...removed.map(({ installed }) => installed.name),
    ...candidates.map(({ name }) => name),
  ]);
  return [...present.filter(({ name }) => !gone.has(name)), ...candidates];
}

function checkConflicts(
  candidates: readonly Candidate[],
  after: readonly (InstalledPackage | Candidate)[],
  native: string,
): void {
  const names = new Set(candidates.map(({ name }) => name));
  const incoming = new RelatedPackages(candidates.map(toRelated), native);
  for (const one of after) {
    const refused = [...relations(one.fields, "Conflicts"), ...relations(one.fields, "Breaks")];
    if (refused.length === 0) continue;
    // What is installed has been found to get along; only what comes in can be at odds.
    const related = names.has(one.name) ? new RelatedPackages(after.map(toRelated), native) : incoming;
    for (const relation of refused) {
      const other = related.satisfying(relation).find(({ name }) => name !== one.name);
      if (other === undefined) continue;
      throw conflictError(
        `${one.name} and ${other.name} ${other.version} cannot be installed together (${formatAlternatives(relation)})`,
        { hint: `remove ${names.has(other.name) ? one.name : other.name} first` },
      );
    }
  }
}

/** Those that others of them need come first; of a circle, any. */
function inOrder(candidates: readonly Candidate[], native: string): Candidate[] {
  const related = new RelatedPackages(candidates.map(toRelated), native);
  const ordered = new Set<Candidate>();
  const visiting = new Set<string>();
  const visit = (candidate: Candidate) => {
    if (ordered.has(candidate) || visiting.has(candidate.name)) return;
    visiting.add(candidate.name);
    for (const needed of dependencies(candidate.fields).flatMap((relation) => related.satisfying(relation))) {
      for (const other of candidates) if (other.name === needed.name) visit(other);
    }
    ordered.add(candidate);
  };
  for (const candidate of candidates) visit(candidate);
  return [...ordered];
}

const dependencies = (fields: Paragraph): Alternatives[] => [
  ...relations(fields, "Pre-Depends"),
  ...relations(fields, "Depends"),
];

type RelationField = "Pre-Depends" | "Depends" | "Conflicts" | "Breaks";

/** Those of paragraphs that have been read: the machine's packages are the same from change to change. */
const known = new WeakMap<Paragraph, Partial<Record<RelationField, Alternatives[]>>>();

function relations(fields: Paragraph, name: RelationField): Alternatives[] {
  const read = known.get(fields) ?? {};
  known.set(fields, read);
  read[name] ??= parseRelations(fields.get(name) ?? "");
  return read[name];
}

const toRelated = ({
  name,
  version,
  architecture,
  fields,
}: InstalledPackage | Candidate): RelatedPackage => ({
  name,
  version,
  architecture,
  multiArch: fields.get("Multi-Arch"),
  provides: fields.get("Provides"),
});
