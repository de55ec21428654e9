import type { ContainerDatabase } from "../tables.ts";
import { listPluginsOfAll } from "./containers.ts";
import type { EngineAccess } from "./engine-access.ts";

export interface RegisteredPlugin {
  readonly user: string;
  readonly name: string;
  readonly slug: string;
  readonly access: "public" | "private";
  readonly requestsPerSecond: number | null;
  readonly maxBodyBytes: number | null;
}

/** Looking for plugins that came or went without the server is worth a call to the engine this often. */
const LOOK_AGAIN_MS = 1_000;

const keyOf = (user: string, name: string) => `${user}/${name}`;

/** A name as part of a host name and of a path. */
export const toSlug = (name: string) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "") || "plugin";

/**
 * What the server keeps of each plugin beside its container: its address and whether it is public. Plugins may be
 * installed past the server, by whoever may use the engine: they get their address at the first look.
 */
export class PluginRegistry {
  readonly #db: ContainerDatabase;
  readonly #engine: EngineAccess;
  readonly #now: () => Date;
  readonly #byKey = new Map<string, RegisteredPlugin>();
  readonly #bySlug = new Map<string, RegisteredPlugin>();
  #looked = 0;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(db: ContainerDatabase, engine: EngineAccess, now: () => Date) {
    this.#db = db;
    this.#engine = engine;
    this.#now = now;
  }

  static async load(db: ContainerDatabase, engine: EngineAccess, now: () => Date): Promise<PluginRegistry> {
    const registry = new PluginRegistry(db, engine, now);
    for (const row of await db.selectFrom("container_plugin").selectAll().execute()) {
      registry.#keep({
        user: row.user,
        name: row.name,
        slug: row.slug,
        access: row.access === "public" ? "public" : "private",
        requestsPerSecond: row.requests_per_second,
        maxBodyBytes: row.max_body_bytes,
      });
    }
    return registry;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The plugin with this part of the address. */
  async bySlug(slug: string): Promise<RegisteredPlugin | undefined> {
    if (!this.#bySlug.has(slug)) await this.#lookNow();
    return this.#bySlug.get(slug);
  }

  async byName(user: string, name: string): Promise<RegisteredPlugin | undefined> {
    const key = keyOf(user, name);
    if (!this.#byKey.has(key)) await this.#lookNow();
    return this.#byKey.get(key);
  }

  /** Gives the plugin its address, if it has none. */
  add(user: string, name: string): Promise<RegisteredPlugin> {
    return this.#inTurn(async () => {
      const known = this.#byKey.get(keyOf(user, name));
      if (known !== undefined) return known;
      const plugin: RegisteredPlugin = {
        user,
        name,
        slug: this.#freeSlug(user, name),
        access: "private",
        requestsPerSecond: null,
        maxBodyBytes: null,
      };
      await this.#db
        .insertInto("container_plugin")
        .values({
          user,
          name,
          slug: plugin.slug,
          access: plugin.access,
          requests_per_second: null,
          max_body_bytes: null,
          created_at: this.#now().toISOString(),
        })
        .execute();
      this.#keep(plugin);
      return plugin;
    });
  }

  /** Stands when it returns: durable, and true for the next request. */
  setAccess(
    { user, name }: Pick<RegisteredPlugin, "user" | "name">,
    change: Pick<RegisteredPlugin, "access" | "requestsPerSecond" | "maxBodyBytes">,
  ): Promise<RegisteredPlugin> {
    return this.#inTurn(async () => {
      const known = this.#byKey.get(keyOf(user, name));
      if (known === undefined) throw new Error(`${name} is not registered`);
      await this.#db
        .updateTable("container_plugin")
        .set({
          access: change.access,
          requests_per_second: change.requestsPerSecond,
          max_body_bytes: change.maxBodyBytes,
        })
        .where("user", "=", user)
        .where("name", "=", name)
        .execute();
      const plugin = { ...known, ...change };
      this.#keep(plugin);
      return plugin;
    });
  }

  /** Frees its address; a plugin that comes by this name later begins as private. */
  remove(user: string, name: string): Promise<void> {
    return this.#inTurn(() => this.#forget(user, name));
  }

  /** Takes note of plugins that came or went without the server. */
  async look(): Promise<void> {
    this.#looked = performance.now();
    const [containers, entries] = await Promise.all([
      listPluginsOfAll(this.#engine.client),
      this.#db.selectFrom("container_entry").select(["user", "name"]).execute(),
    ]);
    const present = new Map(
      [...containers, ...entries].map(({ user, name }) => [keyOf(user, name), { user, name }]),
    );
    for (const { user, name } of present.values()) await this.add(user, name);
    for (const { user, name } of [...this.#byKey.values()]) {
      if (!present.has(keyOf(user, name))) await this.remove(user, name);
    }
  }

  async #lookNow(): Promise<void> {
    if (performance.now() - this.#looked >= LOOK_AGAIN_MS) await this.look();
  }

  #freeSlug(user: string, name: string): string {
    const wanted = [toSlug(name), toSlug(`${name}-${user}`)];
    for (let count = 2; ; count++) {
      const free = wanted.find((slug) => !this.#bySlug.has(slug));
      if (free !== undefined) return free;
      wanted.push(toSlug(`${name}-${user}-${count}`));
    }
  }

  async #forget(user: string, name: string): Promise<void> {
    const known = this.#byKey.get(keyOf(user, name));
    if (known === undefined) return;
    await this.#db.deleteFrom("container_plugin").where("user", "=", user).where("name", "=", name).execute();
    this.#byKey.delete(keyOf(user, name));
    this.#bySlug.delete(known.slug);
  }

  #keep(plugin: RegisteredPlugin): void {
    this.#byKey.set(keyOf(plugin.user, plugin.name), plugin);
    this.#bySlug.set(plugin.slug, plugin);
  }

  /** Changes one after the other, so that two plugins never get one address. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}
