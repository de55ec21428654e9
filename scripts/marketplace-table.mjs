// Writes what each entry of the real marketplace comes to into docs/thinger-marketplace.md.
import { readFileSync, writeFileSync } from "node:fs";
import { withTables } from "../test/helpers/marketplace-table.ts";

const file = new URL("../docs/thinger-marketplace.md", import.meta.url);
writeFileSync(file, withTables(readFileSync(file, "utf8")));
