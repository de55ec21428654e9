import { join } from "node:path";
import { cachedFolder } from "./test-cache.ts";

const POM = join(import.meta.dirname, "../fixtures/apache-kafka/pom.xml");

const INSTALL = `mvn -B -q -f "$1" dependency:copy-dependencies -DincludeScope=runtime \\
  "-DoutputDirectory=$made" "-Dkafka.version=$2"`;

/** Failures alone, with the names of exceptions: they go to stderr. */
const LOG_LEVEL = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error";

/** What is small or short-lived starts fastest so. */
export const SMALL = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];

/** A release of Apache Kafka on this machine: its broker and its tools, as published. */
export interface KafkaRelease {
  readonly version: string;
  /** Words for `java` that run the main class of one of its programs, which is short-lived or small. */
  words(mainClass: string, ...args: string[]): string[];
  /** The same for a virtual machine with options of its own. */
  wordsOf(jvm: readonly string[], mainClass: string, ...args: string[]): string[];
}

/** The release, fetched by Maven when it is not there yet. Needs `mvn` and `java`. */
export async function kafkaRelease(version: string): Promise<KafkaRelease> {
  const folder = await cachedFolder({
    name: `apache-kafka-${version}`,
    sources: [POM],
    script: INSTALL,
    args: [POM, version],
  });
  const wordsOf: KafkaRelease["wordsOf"] = (jvm, ...words) => [
    ...jvm,
    "-Xlog:disable",
    LOG_LEVEL,
    "-cp",
    join(folder, "*"),
    ...words,
  ];
  return { version, words: (...words) => wordsOf(SMALL, ...words), wordsOf };
}

/**
 * The same release, whose tools start in half the time: with an archive of the classes that a tool loads when it talks to
 * a broker.
 */
export async function quickTools(release: KafkaRelease, bootstrap: string): Promise<KafkaRelease> {
  const list = release.words(
    "org.apache.kafka.tools.TopicCommand",
    "--bootstrap-server",
    bootstrap,
    "--list",
  );
  const script = 'java -XX:ArchiveClassesAtExit="$made/classes.jsa" "$@" >/dev/null';
  const name = `apache-kafka-${release.version}-classes`;
  const folder = await cachedFolder({ name, sources: [POM], script, args: list });
  const archive = `-XX:SharedArchiveFile=${join(folder, "classes.jsa")}`;
  return { ...release, words: (...words) => [archive, "-Xmx128m", ...release.words(...words)] };
}
