import { readFile } from "node:fs/promises";
import { type Paragraph, parseParagraphs } from "../../../core/deb/control.ts";

/** A package as dpkg's status file has it. */
export interface InstalledPackage {
  name: string;
  version: string;
  architecture: string;
  /** `installed`, `half-configured`, `config-files` … */
  status: string;
  fields: Paragraph;
}

/** Reads a status file; without one there are no packages. */
export async function readStatus(file: string): Promise<InstalledPackage[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
  return toPackages(parseParagraphs(text));
}

export function toPackages(paragraphs: readonly Paragraph[]): InstalledPackage[] {
  return paragraphs.flatMap((fields) => {
    const status = fields.get("Status")?.split(" ")[2] ?? "not-installed";
    // dpkg knows such a package by name only.
    if (status === "not-installed") return [];
    return [
      {
        name: fields.get("Package") ?? "",
        version: fields.get("Version") ?? fields.get("Config-Version") ?? "",
        architecture: fields.get("Architecture") ?? "",
        status,
        fields,
      },
    ];
  });
}

/** Whether the files of a package are in place and its scripts have run. */
export const isInstalled = ({ status }: InstalledPackage): boolean =>
  status === "installed" || status === "triggers-pending" || status === "triggers-awaited";

/** What tells packages of one name apart: those of several architectures may be there together. */
export const packageKey = (
  { name, architecture }: Pick<InstalledPackage, "name" | "architecture">,
  native: string,
): string => `${name}:${architecture === "all" ? native : architecture}`;
