/** What clients did, a row each, for a page. */
export class ClientTable {
  readonly #columns: readonly string[];
  readonly #cells = new Map<string, string>();

  constructor(columns: readonly string[]) {
    this.#columns = ["version", ...columns];
  }

  add(client: string, column: string, cell: string): void {
    this.#cells.set(`${client}: ${column}`, cell);
  }

  /** In Markdown; what nobody added is a question mark. */
  print(clients: readonly string[]): string {
    const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
    const rows = clients.map((client) =>
      line([client, ...this.#columns.map((column) => this.#cells.get(`${client}: ${column}`) ?? "?")]),
    );
    const heading = ["client", ...this.#columns];
    return [line(heading), line(heading.map(() => "---")), ...rows].join("\n");
  }
}
