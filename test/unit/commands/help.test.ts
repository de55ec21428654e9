import { expect, it } from "vitest";
import { makeCli } from "../../helpers/run-cli.ts";

it.each([
  ["help deb repo", "deb repo --help"],
  ["help deb repo prune", "deb repo prune --help"],
  ["help deb", "deb --help"],
  ["help list", "list --help"],
  ["help", "--help"],
])("`%s` says what `%s` says", async (asked, same) => {
  const cli = await makeCli();
  const { code, stdout } = await cli(asked);
  expect(code).toBe(0);
  expect(stdout).toContain("Usage: plugctl");
  expect(stdout).toBe((await cli(same)).stdout);
});
