import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { APACHE_VERSION } from "../../helpers/apache-kafka.ts";
import { describeWith } from "../../helpers/debian-programs.ts";
import { withPart } from "../../helpers/generated-part.ts";
import { useBothBrokers } from "./both-brokers.ts";
import type { ClientKind } from "./clients/client.ts";
import { ClientTable } from "./clients/client-table.ts";
import { consoleTools } from "./clients/console-tools.ts";
import { EXERCISES, startTrial } from "./clients/exercises.ts";
import { franzGo, goIsWanting } from "./clients/franz-go.ts";
import { kafkaJs } from "./clients/kafkajs.ts";
import { kcat } from "./clients/kcat.ts";
import { endProcesses } from "./clients/processes.ts";
import { confluentPython, kafkaPython } from "./clients/python.ts";

const PAGE = resolve(import.meta.dirname, "../../../docs/kafka-compatibility.md");
const MAKER = "scripts/kafka-compatibility.mjs";
/** A minute would do, were there nothing else to do on the machine. */
const PATIENCE_MS = 240_000;

const CLIENTS: readonly ClientKind[] = [
  kafkaJs,
  kcat,
  confluentPython,
  kafkaPython,
  consoleTools("3.9.1"),
  consoleTools(APACHE_VERSION),
  franzGo,
];

describeWith(
  ["default-jre-headless", "maven", ...CLIENTS.flatMap(({ packages }) => packages)],
  "clients of Kafka, as they were published",
  () => {
    const brokers = useBothBrokers();
    afterAll(endProcesses);
    const table = new ClientTable(EXERCISES.map(({ column }) => column));

    describe.concurrent.each(CLIENTS)("$title", (kind) => {
      const wanting = kind === franzGo ? goIsWanting() : undefined;
      const reason = wanting === undefined ? "" : ` (skipped: ${wanting})`;
      for (const { title, column, run } of EXERCISES) {
        it.skipIf(wanting !== undefined)(
          `${title}, on the embedded broker as on Apache Kafka${reason}`,
          async () => {
            const results = [brokers.embedded, brokers.apache].map(async (address) => {
              using trial = await startTrial(kind, address);
              table.add(kind.title, "version", trial.client.version);
              return await run(trial);
            });
            const [embedded, apache] = await Promise.all(results);
            expect(embedded).toEqual(apache);
            table.add(kind.title, column, embedded?.cell ?? "");
          },
          PATIENCE_MS,
        );
      }
    });

    it("is as the page says", async () => {
      const page = await readFile(PAGE, "utf8");
      const text = table.print(CLIENTS.map(({ title }) => title));
      const wanted = withPart(page, { name: "clients", maker: MAKER, text });
      if (process.env.WRITE_PAGES === "1") await writeFile(PAGE, wanted);
      else expect(page).toBe(wanted);
    });
  },
);
