import { expect, it } from "vitest";
import { makePluginFolder } from "../../helpers/marketplace-entry.ts";
import { makeCli } from "../../helpers/run-cli.ts";

const NO_CATALOGUE = /target "bare" has no catalogue: "plugctl target add bare --overwrite … --catalogue/;

it("a target without a catalogue has nothing, and says so where that matters", async () => {
  const cli = await makeCli();
  await cli("target add bare --kind container --url unix:///none");
  expect(await cli("search notes")).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(NO_CATALOGUE),
  });
  const folder = await makePluginFolder({ name: "notes", version: "1" });
  await cli(`target add shop --kind container --url unix:///none --catalogue ${folder}`);
  expect(await cli("search notes -q")).toMatchObject({ code: 0, stdout: "shop:notes\n", stderr: "" });
  expect(await cli("search notes -t bare,shop")).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(NO_CATALOGUE),
  });
  expect(await cli("search notes")).toMatchObject({
    code: 0,
    stderr: expect.not.stringMatching(NO_CATALOGUE),
  });
});
