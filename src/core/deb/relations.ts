import { invalidError } from "../errors.ts";
import { compareVersions, isVersion } from "./version.ts";

type Operator = "<<" | "<=" | "=" | ">=" | ">>";

/** One package that is meant: `python3:any (>= 3.9)`. */
export interface Relation {
  name: string;
  /** After the colon: an architecture or `any`. */
  architecture: string | undefined;
  /** What its version has to be. */
  version: { operator: Operator; version: string } | undefined;
}

/** Relations any of which will do: `a | b`. */
export type Alternatives = readonly Relation[];

const RELATION =
  /^([a-z0-9][a-z0-9+.-]*)(?::([a-z0-9][a-z0-9-]*))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s()]+)\s*\))?$/;

/** `<` and `>` stand for what they once were taken to mean. */
const OLD_OPERATORS: Readonly<Record<string, Operator>> = { "<": "<=", ">": ">=" };

/**
 * Reads a field of a binary package such as `Depends`: `a (>= 1), b | c`.
 * @throws INVALID, naming what cannot be read.
 */
export function parseRelations(field: string): Alternatives[] {
  return field
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => part.split("|").map((text) => parseRelation(text.trim())));
}

function parseRelation(text: string): Relation {
  const [, name, architecture, operator, version] = RELATION.exec(text) ?? [];
  if (name === undefined || (version !== undefined && !isVersion(version))) {
    throw invalidError(`${JSON.stringify(text)} is no relation to a Debian package`, {
      hint: "write it as name, name (>= version) or name | other",
    });
  }
  if (operator === undefined || version === undefined) return { name, architecture, version: undefined };
  return {
    name,
    architecture,
    version: { operator: OLD_OPERATORS[operator] ?? (operator as Operator), version },
  };
}

/** Writes alternatives as Debian does. */
export const formatAlternatives = (alternatives: Alternatives): string =>
  alternatives
    .map(
      ({ name, architecture, version }) =>
        name +
        (architecture === undefined ? "" : `:${architecture}`) +
        (version === undefined ? "" : ` (${version.operator} ${version.version})`),
    )
    .join(" | ");

/** A package that is there, as far as relations look at it. */
export interface RelatedPackage {
  name: string;
  version: string;
  architecture: string;
  /** Its `Multi-Arch` field. */
  multiArch: string | undefined;
  /** Its `Provides` field. */
  provides: string | undefined;
}

/** Finds out which relations a set of packages satisfies. */
export class RelatedPackages {
  readonly #native: string;
  /** By the name that a relation may call it: its own, or one that it provides. */
  readonly #offers = new Map<string, { by: RelatedPackage; version: string | undefined; own: boolean }[]>();

  /** @param native architecture of the machine, for packages that are the same on all. */
  constructor(packages: Iterable<RelatedPackage>, native: string) {
    this.#native = native;
    for (const by of packages) {
      this.#offer(by.name, { by, version: by.version, own: true });
      if (by.provides === undefined) continue;
      for (const { name, version } of parseRelations(by.provides).flat()) {
        this.#offer(name, { by, version: version?.version, own: false });
      }
    }
  }

  /** The packages that satisfy one of the alternatives. */
  satisfying(alternatives: Alternatives): RelatedPackage[] {
    return alternatives.flatMap((relation) =>
      (this.#offers.get(relation.name) ?? [])
        .filter(({ by, version, own }) => this.#fits(relation, by, own) && inRange(relation, version))
        .map(({ by }) => by),
    );
  }

  #offer(name: string, offer: { by: RelatedPackage; version: string | undefined; own: boolean }): void {
    const offers = this.#offers.get(name);
    if (offers === undefined) this.#offers.set(name, [offer]);
    else offers.push(offer);
  }

  #fits({ architecture }: Relation, by: RelatedPackage, own: boolean): boolean {
    if (architecture === "any") return own && by.multiArch === "allowed";
    const actual = by.architecture === "all" ? this.#native : by.architecture;
    if (architecture !== undefined) return actual === architecture;
    return actual === this.#native || by.multiArch === "foreign";
  }
}

function inRange({ version: wanted }: Relation, version: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (version === undefined) return false;
  const order = compareVersions(version, wanted.version);
  switch (wanted.operator) {
    case "<<":
      return order < 0;
    case "<=":
      return order <= 0;
    case "=":
      return order === 0;
    case ">=":
      return order >= 0;
    case ">>":
      return order > 0;
  }
}
