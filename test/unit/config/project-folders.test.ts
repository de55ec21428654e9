import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { projectFolders } from "../../../src/config/project-folders.ts";
import { makeTempDir } from "../../helpers/temp-dir.ts";

it.each([
  ["settings of ours", '{"plugctl": {"target": "work"}}', true],
  ["settings behind a byte order mark", '\uFEFF{"plugctl": {"target": "work"}}', true],
  ["nothing of ours", '{"name": "plugctl"}', false],
  ["the manifest of a plugin", '{"plugctl": {"displayName": "Maps"}}', false],
  ["something else under our key", '{"plugctl": "work"}', true],
  ["no JSON", '{"name": ', true],
])("a package.json with %s", async (_, content, isSearched) => {
  const folder = await makeTempDir();
  await writeFile(join(folder, "package.json"), content);
  expect(projectFolders(folder)).toEqual(isSearched ? [folder] : []);
});
