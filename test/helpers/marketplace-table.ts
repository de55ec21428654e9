import type { Entry } from "../../src/core/marketplace/entry.ts";
import type { ContainerPlan, EntryPlan, VolumeLocation } from "../../src/core/marketplace/plan.ts";
import { expectedEntries, planOf, readEntry } from "./thinger-marketplace.ts";

export const BEGIN = "<!-- begin: made by scripts/marketplace-table.mjs -->";
export const END = "<!-- end -->";

/** What each entry of the real marketplace comes to, as tables in Markdown. */
export function marketplaceTables(): string {
  const entries = expectedEntries().map(({ dir }) => readEntry(dir));
  const of = (kind: Entry["kind"]) => entries.filter((entry) => entry.kind === kind);
  return [
    `${entries.length} entries: ${of("container").length} containers, ${of("product").length} products, ` +
      `${of("resources").length} of resources only.`,
    `### Containers\n\n${containers(of("container"))}`,
    `### Resources only\n\n${resourcesOnly(of("resources"))}`,
    `### Products\n\n${products(of("product"))}`,
    `### What cannot be honoured or looks wrong\n\n${warnings(entries)}`,
  ].join("\n\n");
}

/** The text with its generated part replaced. */
export function withTables(document: string): string {
  const [before, rest] = document.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error("the markers of the generated part are missing");
  return `${before}${BEGIN}\n\n${marketplaceTables()}\n\n${END}${after}`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

const containers = (entries: readonly Entry[]) =>
  table(
    ["Plugin", "Version", "Image", "Runs as", "Page", "Volumes (source → target)", "Copies", "Also"],
    entries.map((entry) => {
      const plan = planOf(entry) as ContainerPlan;
      return [
        entry.name,
        plan.version,
        `\`${plan.image.reference}\``,
        plan.user,
        page(plan),
        plan.volumes
          .map(
            ({ source, target, readOnly }) =>
              `\`${place(source)}\` → \`${target}\`${readOnly ? " (ro)" : ""}`,
          )
          .join("<br>"),
        plan.copies.map(({ from, to }) => `\`${from}\` → \`${place(to)}\``).join("<br>"),
        others(entry, plan).join(", "),
      ];
    }),
  );

const place = ({ root, path }: VolumeLocation) => (path === "" ? `${root}:` : `${root}:${path}`);

function page({ interface: page, endpoint }: ContainerPlan): string {
  const prefix = endpoint?.rewriteBasePath === false ? "prefix kept" : "prefix removed";
  if (page?.type === "file") return `\`${page.file}\`, endpoint ${endpoint?.port}, ${prefix}`;
  return endpoint === null ? "" : `port ${endpoint.port}, ${prefix}`;
}

function others(entry: Entry, plan: ContainerPlan): string[] {
  const { task, databases = {} } = entry.file;
  const count = (items: number, word: string) =>
    items === 0 ? [] : [`${items} ${word}${items === 1 ? "" : "s"}`];
  return [
    ...count(plan.cmd?.length ?? 0, "argument"),
    ...count(Object.keys(task?.env ?? {}).length, "variable"),
    ...count(plan.tokens.length, "token"),
    ...count(plan.resources.proxies.length, "host port"),
    ...count(plan.resources.storages.length, "storage"),
    ...(plan.memoryBytes === null ? [] : [`${plan.memoryBytes} bytes of memory`]),
    ...plan.networks.map((network) => `network ${network}`),
    ...(plan.extraHosts.length === 0 ? ["host name not mapped"] : []),
    ...Object.keys(databases).map((database) => `database ${database}`),
    ...(plan.deprecated === null ? [] : ["deprecated"]),
  ];
}

const resourcesOnly = (entries: readonly Entry[]) =>
  table(
    ["Plugin", "Version", "Host ports", "Page"],
    entries.map((entry) => {
      const { version, resources, interface: page }: EntryPlan = planOf(entry);
      const ports = resources.proxies.map(({ protocol, source, target }) => {
        const to = target.type === "address" ? target.address : target.plugin;
        return `${protocol} ${source.port}${source.secure ? " (TLS)" : ""} → ${to}:${target.port}`;
      });
      return [entry.name, version, ports.join("<br>"), page?.type === "host" ? `host port ${page.port}` : ""];
    }),
  );

const products = (entries: readonly Entry[]) =>
  table(
    ["Plugin", "Folder", "Version", "Vendor", "Products"],
    entries.map((entry) => [
      entry.name,
      entry.directory === entry.name ? "" : (entry.directory ?? ""),
      entry.version,
      entry.vendor ?? "",
      planOf(entry)
        .resources.products.map(({ id }) => id)
        .join(", "),
    ]),
  );

const warnings = (entries: readonly Entry[]) =>
  table(
    ["Plugin", "Warning"],
    entries.flatMap((entry) => planOf(entry).warnings.map((warning) => [entry.name, warning])),
  );
