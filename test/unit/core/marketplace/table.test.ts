import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { withTables } from "../../../helpers/marketplace-table.ts";
import { MARKETPLACE_ABSENT } from "../../../helpers/thinger-marketplace.ts";

const PAGE = resolve(import.meta.dirname, "../../../../docs/thinger-marketplace.md");

it.skipIf(MARKETPLACE_ABSENT)("the documented table of the marketplace is what the code makes of it", () => {
  const page = readFileSync(PAGE, "utf8");
  expect(page, "run: node scripts/marketplace-table.mjs").toBe(withTables(page));
});
