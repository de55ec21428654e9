import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as z from "zod/mini";
import { syncDirectory, writeDurableFile } from "../../storage/durable.ts";
import { type PackageRecords, recordsSchema } from "./package-records.ts";

const journalSchema = z.object({
  id: z.string(),
  /** What is to be known of the packages afterwards; null = the change has not come to the point where it stays. */
  records: z.nullable(recordsSchema),
});
export type JournalEntry = z.infer<typeof journalSchema>;

/** The change that is being made, durably written down: what a crash leaves of it is undone or finished by it. */
export class Journal {
  readonly #file: string;

  constructor(stateDir: string) {
    this.#file = join(stateDir, "journal.json");
  }

  async read(): Promise<JournalEntry | undefined> {
    try {
      return journalSchema.parse(JSON.parse(await readFile(this.#file, "utf8")));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  begin(id: string): Promise<void> {
    return this.#write({ id, records: null });
  }

  decide(id: string, records: PackageRecords): Promise<void> {
    return this.#write({ id, records });
  }

  async clear(): Promise<void> {
    await rm(this.#file, { force: true });
    await syncDirectory(dirname(this.#file));
  }

  #write(entry: JournalEntry): Promise<void> {
    return writeDurableFile(this.#file, JSON.stringify(entry), 0o600);
  }
}
