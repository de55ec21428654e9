/** More than that at once would let one public plugin use up the server's sockets. */
const MAX_PER_PLUGIN = 4096;

interface Visitor {
  /** null for somebody who did not have to sign in. */
  login: string | null;
}

/** What is under way between visitors and plugins, so that it can be ended. */
export class OpenConnections {
  readonly #byPlugin = new Map<string, Map<() => void, Visitor>>();

  /** False when the plugin has as many as it may. */
  hasRoom(plugin: string): boolean {
    return (this.#byPlugin.get(plugin)?.size ?? 0) < MAX_PER_PLUGIN;
  }

  /** Returns what to call when the connection has ended by itself. */
  add(plugin: string, visitor: Visitor, end: () => void): () => void {
    const open = this.#byPlugin.get(plugin) ?? new Map<() => void, Visitor>();
    this.#byPlugin.set(plugin, open);
    open.set(end, visitor);
    return () => {
      open.delete(end);
      if (open.size === 0 && this.#byPlugin.get(plugin) === open) this.#byPlugin.delete(plugin);
    };
  }

  /** Ends those of one visitor, or with null of all who did not sign in. Returns how many. */
  endOf(plugin: string, login: string | null): number {
    const ends = [...(this.#byPlugin.get(plugin) ?? [])].flatMap(([end, visitor]) =>
      visitor.login === login ? [end] : [],
    );
    for (const end of ends) end();
    return ends.length;
  }

  endAll(): void {
    for (const open of [...this.#byPlugin.values()]) for (const end of [...open.keys()]) end();
  }
}
