// Opens a repository and adds packages one after another, printing each that is done: something to kill.
// usage: node add-packages.ts DATA_DIR PACKAGE...
import { pino } from "pino";
import { createRepository } from "../../src/server/deb/repository/apt-repository.ts";
import { openFrame } from "../../src/server/frame.ts";
import { repositoryModule } from "./deb-repository.ts";

const [dataDir = "", ...files] = process.argv.slice(2);
const frame = await openFrame({
  dataDir,
  version: "0.0.0-test",
  log: pino({ level: "silent" }),
  modules: [repositoryModule(() => {})],
});
const repository = await createRepository(frame.context);
for (const file of files) {
  const { package: name, version } = await repository.add(file, "main");
  process.stdout.write(`${name} ${version}\n`);
}
await frame.close();
