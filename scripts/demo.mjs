// `npm run demo`: sets the clone up, then runs `plugctl demo`.
import { ensureBuilt, ensureInstalled, run } from "./setup.mjs";

ensureInstalled();
ensureBuilt();
process.exitCode = run(["bin/plugctl.js", "demo", ...process.argv.slice(2)]);
