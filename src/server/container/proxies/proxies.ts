import type { Logger } from "pino";
import { z } from "zod";
import { isPlugctlError } from "../../../core/errors.ts";
import { Problem } from "../../http/problem.ts";
import type { ContainerDatabase } from "../tables.ts";
import { type Listener, listen, type ProxyTarget } from "./listener.ts";

const portSchema = z.int().min(1).max(65_535);
const idPattern = /^[a-zA-Z0-9_-]{1,32}$/;

const targetSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("plugin"),
    plugin: z.string().max(63),
    user: z.string().max(64),
    port: portSchema,
    secure: z.boolean().default(false),
  }),
  z.object({
    type: z.literal("address"),
    address: z.string().min(1).max(253),
    port: portSchema,
    secure: z.boolean().default(false),
  }),
]);

const shape = <Target extends z.ZodType>(target: Target) => ({
  proxy: z.string().regex(idPattern, "1 to 32 letters, digits, - and _"),
  name: z.string().max(200).optional(),
  description: z.string().max(2000).optional(),
  enabled: z.boolean().default(true),
  config: z.object({
    protocol: z.enum(["tcp", "udp"]),
    source: z.object({
      port: portSchema,
      secure: z.literal(false, "this server does not speak TLS at a proxy's port").default(false),
      address: z.string().max(253).default("127.0.0.1").meta({ description: "where it listens; loopback" }),
    }),
    target,
  }),
});

/** As Thinger's API writes a proxy; in `source` the address is ours. A plugin as a target is written in two ways. */
export const proxySchema = z.object(shape(z.preprocess(flatTarget, targetSchema)));
export type ProxyDefinition = z.output<typeof proxySchema>;

export const proxyReportSchema = z.object({
  ...shape(targetSchema),
  user: z.string(),
  plugin: z.string().nullable().meta({ description: "the plugin whose entry brought it" }),
  state: z.enum(["open", "closed", "failed"]),
  error: z.string().nullable(),
});
export type ProxyReport = z.output<typeof proxyReportSchema>;

function flatTarget(target: unknown): unknown {
  if (typeof target !== "object" || target === null || !("plugin" in target)) return target;
  const { plugin } = target;
  if (typeof plugin !== "object" || plugin === null || !("name" in plugin)) return target;
  return { user: "user" in plugin ? plugin.user : undefined, ...target, plugin: plugin.name };
}

export interface ProxyParts {
  db: ContainerDatabase;
  log: Logger;
  /** Where a port of a plugin is reached at the moment. @throws when it does not run. */
  locate: (
    plugin: { user: string; name: string },
    port: number,
    protocol: "tcp" | "udp",
  ) => Promise<{
    host: string;
    port: number;
  }>;
}

interface Entry {
  user: string;
  plugin: string | null;
  proxy: ProxyDefinition;
  listener: Listener | undefined;
  error: string | null;
}

const notFound = (id: string) => new Problem(404, "proxy_not_found", `there is no proxy "${id}"`);

/** TCP and UDP ports of this machine that lead to plugins or addresses. */
export class Proxies {
  readonly #parts: ProxyParts;
  readonly #entries = new Map<string, Entry>();

  private constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** Opens all enabled ones. A port that cannot be opened now is told in its report. */
  static async load(parts: ProxyParts): Promise<Proxies> {
    const proxies = new Proxies(parts);
    for (const row of await parts.db.selectFrom("container_proxy").selectAll().execute()) {
      const proxy = proxySchema.parse(JSON.parse(row.proxy));
      const entry: Entry = { user: row.user, plugin: row.plugin, proxy, listener: undefined, error: null };
      proxies.#entries.set(row.id, entry);
      await proxies.#open(entry).catch((error: unknown) => {
        entry.error = error instanceof Error ? error.message : String(error);
        parts.log.warn({ err: error, proxy: row.id }, "a proxy cannot be opened");
      });
    }
    return proxies;
  }

  list(): ProxyReport[] {
    return [...this.#entries.keys()].sort().map((id) => this.get(id));
  }

  /** @throws Problem 404. */
  get(id: string): ProxyReport {
    const { user, plugin, proxy, listener, error } = this.#entry(id);
    const state = listener === undefined ? (error === null ? "closed" : "failed") : "open";
    return { ...proxy, user, plugin, state, error };
  }

  /** Opens it, then notes it. @throws Problem 409 for an id that is taken, CONFLICT for a port that is. */
  async create(
    { user, plugin }: { user: string; plugin: string | null },
    proxy: ProxyDefinition,
  ): Promise<ProxyReport> {
    const owner = { user, plugin };
    const id = proxy.proxy;
    if (this.#entries.has(id)) throw new Problem(409, "proxy_exists", `the proxy "${id}" exists`);
    const entry: Entry = { ...owner, proxy, listener: undefined, error: null };
    this.#entries.set(id, entry);
    try {
      await this.#open(entry);
      await this.#parts.db
        .insertInto("container_proxy")
        .values({ id, ...owner, proxy: JSON.stringify(proxy) })
        .execute();
    } catch (error) {
      this.#entries.delete(id);
      await entry.listener?.close();
      throw error;
    }
    return this.get(id);
  }

  /** @throws Problem 404; CONFLICT for a port that is taken: then the proxy is as it was. */
  async update(id: string, proxy: ProxyDefinition): Promise<ProxyReport> {
    const entry = this.#entry(id);
    const before = entry.proxy;
    await this.#close(entry);
    entry.proxy = { ...proxy, proxy: id };
    try {
      await this.#open(entry);
      await this.#parts.db
        .updateTable("container_proxy")
        .set({ proxy: JSON.stringify(entry.proxy) })
        .where("id", "=", id)
        .execute();
    } catch (error) {
      await this.#close(entry);
      entry.proxy = before;
      await this.#open(entry).catch((failure: Error) => {
        entry.error = failure.message;
      });
      throw error;
    }
    return this.get(id);
  }

  /** @throws Problem 404. */
  async delete(id: string): Promise<void> {
    const entry = this.#entry(id);
    await this.#parts.db.deleteFrom("container_proxy").where("id", "=", id).execute();
    this.#entries.delete(id);
    await this.#close(entry);
  }

  /** Those that a plugin's entry brought. */
  async deleteOf(user: string, plugin: string): Promise<void> {
    const ids = [...this.#entries].flatMap(([id, entry]) =>
      entry.user === user && entry.plugin === plugin ? [id] : [],
    );
    for (const id of ids) await this.delete(id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => this.#close(entry)));
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw notFound(id);
    return entry;
  }

  async #open(entry: Entry): Promise<void> {
    entry.error = null;
    const { proxy } = entry;
    if (!proxy.enabled) return;
    const { protocol, source } = proxy.config;
    const { log } = this.#parts;
    entry.listener = await listen({
      protocol,
      address: source.address,
      port: source.port,
      target: () => this.#target(proxy.config),
      onEnd: ({ error, ...visit }) => {
        const line = { proxy: proxy.proxy, ...visit };
        if (error === undefined) log.info(line, "visit");
        else log.info({ ...line, error: isPlugctlError(error) ? error.message : error.name }, "visit");
      },
    });
  }

  async #close(entry: Entry): Promise<void> {
    const { listener } = entry;
    entry.listener = undefined;
    await listener?.close();
  }

  async #target({ protocol, target }: ProxyDefinition["config"]): Promise<ProxyTarget> {
    const { port, secure } = target;
    if (target.type === "address") return { host: target.address, port, secure, verified: true };
    const plugin = { user: target.user, name: target.plugin };
    return { ...(await this.#parts.locate(plugin, port, protocol)), secure, verified: false };
  }
}
