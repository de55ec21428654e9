import { Problem } from "../../http/problem.ts";
import type { IdentityTables } from "../../identity/tables.ts";
import type { Database } from "../../storage/database.ts";
import type { ContainerTables } from "../tables.ts";
import type { PluginOwner } from "../tokens/plugin-tokens.ts";

export interface Share {
  login: string;
  sharedAt: string;
}

/** Users beside its owner who may visit a private plugin. They go with the plugin, and with the user. */
export class PluginShares {
  readonly #db;
  readonly #now: () => Date;

  constructor(database: Database, now: () => Date) {
    this.#db = database.$extendTables<ContainerTables & Pick<IdentityTables, "user">>();
    this.#now = now;
  }

  /** By login. */
  list(owner: PluginOwner): Promise<Share[]> {
    return this.#sharesOf(owner).orderBy("user.login").execute();
  }

  async includes({ user, plugin }: PluginOwner, userId: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom("container_share")
      .select("user_id")
      .where("user", "=", user)
      .where("plugin", "=", plugin)
      .where("user_id", "=", userId)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Done again, it changes nothing. The plugin is a registered one. @throws Problem 404 for a user that is not there. */
  async grant(owner: PluginOwner, login: string): Promise<Share> {
    await this.#db
      .insertInto("container_share")
      .values({
        ...owner,
        user_id: await this.#idOf(login),
        shared_at: this.#now().toISOString(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    return this.#sharesOf(owner).where("user.login", "=", login).executeTakeFirstOrThrow();
  }

  /** @returns whether there was something to take back. @throws Problem 404 for a user that is not there. */
  async revoke({ user, plugin }: PluginOwner, login: string): Promise<boolean> {
    const { numDeletedRows } = await this.#db
      .deleteFrom("container_share")
      .where("user", "=", user)
      .where("plugin", "=", plugin)
      .where("user_id", "=", await this.#idOf(login))
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  #sharesOf({ user, plugin }: PluginOwner) {
    return this.#db
      .selectFrom("container_share")
      .innerJoin("user", "user.id", "container_share.user_id")
      .select(["user.login as login", "container_share.shared_at as sharedAt"])
      .where("container_share.user", "=", user)
      .where("container_share.plugin", "=", plugin);
  }

  async #idOf(login: string): Promise<string> {
    const row = await this.#db.selectFrom("user").select("id").where("login", "=", login).executeTakeFirst();
    if (row === undefined) throw new Problem(404, "user_not_found", `there is no user "${login}"`);
    return row.id;
  }
}
