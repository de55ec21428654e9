import type { PlannedToken, TokenGrants } from "../../../core/marketplace/plan.ts";
import type { ProgramTokens } from "../../identity/program-tokens.ts";
import type { ServerContext } from "../../module.ts";
import type { ContainerDatabase } from "../tables.ts";

export interface IssuedTokens {
  /** By their ids in the entry. */
  values: Record<string, string>;
  /** Revokes them: what they were for did not come about. */
  undo(): Promise<void>;
}

export interface PluginOwner {
  user: string;
  plugin: string;
}

/** Tokens for plugins: issued at installation, gone with the plugin. */
export class PluginTokens {
  readonly #db: ContainerDatabase;
  readonly #programTokens: ProgramTokens;
  readonly #now: () => Date;
  /** By the token's id: looked at for every request that brings a token. */
  #grants: ReadonlyMap<string, TokenGrants> = new Map();
  /** By user, plugin and name in the entry. */
  #current: ReadonlyMap<string, string> = new Map();

  private constructor(
    db: ContainerDatabase,
    { programTokens, now }: Pick<ServerContext, "programTokens" | "now">,
  ) {
    this.#db = db;
    this.#programTokens = programTokens;
    this.#now = now;
  }

  static async load(
    db: ContainerDatabase,
    context: Pick<ServerContext, "programTokens" | "now">,
  ): Promise<PluginTokens> {
    const tokens = new PluginTokens(db, context);
    await tokens.#load();
    return tokens;
  }

  /** What a token of a plugin allows; undefined for any other token. */
  grantsOf(tokenId: string): TokenGrants | undefined {
    return this.#grants.get(tokenId);
  }

  /** True when the plugin has this token, with exactly these rights. */
  isCurrent({ user, plugin }: PluginOwner, { id, allow }: PlannedToken): boolean {
    return this.#current.get(`${user}/${plugin}/${id}`) === JSON.stringify(allow);
  }

  /**
   * Issues what the entry asks for, beside what the plugin has. Nothing else knows the tokens.
   * @throws Problem 404 when there is no such user.
   */
  async issue({ user, plugin }: PluginOwner, wanted: readonly PlannedToken[]): Promise<IssuedTokens> {
    const issued = await this.#db.transaction().execute(async (trx) => {
      const tokens: { name: string; id: string; token: string }[] = [];
      for (const { id: name, allow } of wanted) {
        const note = `${name} of the plugin ${plugin}`;
        const { id, token } = await this.#programTokens.issue(trx, { login: user, note });
        const row = { token_id: id, user, plugin, name, allow: JSON.stringify(allow) };
        await trx
          .insertInto("container_token")
          .values({ ...row, issued_at: this.#now().toISOString() })
          .execute();
        tokens.push({ name, id, token });
      }
      return tokens;
    });
    await this.#load();
    return {
      values: Object.fromEntries(issued.map(({ name, token }) => [name, token])),
      undo: () => this.#revoke(issued.map(({ id }) => id)),
    };
  }

  /** Revokes what is not the newest of its name, or has a name that the entry does not ask for; all without names. */
  async revokeOthers({ user, plugin }: PluginOwner, names: readonly string[]): Promise<void> {
    const rows = await this.#rows();
    const own = rows.filter((row) => row.user === user && row.plugin === plugin);
    const newest = new Map(own.map(({ name, token_id: id }) => [name, id]));
    const kept = new Set(names.map((name) => newest.get(name)));
    await this.#revoke(own.map(({ token_id: id }) => id).filter((id) => !kept.has(id)));
  }

  /** Whose tokens there are. */
  async owners(): Promise<PluginOwner[]> {
    return (await this.#rows()).map(({ user, plugin }) => ({ user, plugin }));
  }

  async #revoke(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#db.transaction().execute(async (trx) => {
      await trx.deleteFrom("container_token").where("token_id", "in", ids).execute();
      for (const id of ids) await this.#programTokens.revoke(trx, id);
    });
    await this.#load();
  }

  async #load(): Promise<void> {
    const rows = await this.#rows();
    this.#current = new Map(
      rows.map(({ user, plugin, name, allow }) => [`${user}/${plugin}/${name}`, allow]),
    );
    this.#grants = new Map(rows.map(({ token_id: id, allow }) => [id, JSON.parse(allow)]));
  }

  /** Oldest first. */
  #rows() {
    return this.#db.selectFrom("container_token").selectAll().orderBy("issued_at").execute();
  }
}
