import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { staysInside } from "../../../../../src/server/deb/sources/links.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

/** A root with these links below it, each in folders of its own. */
async function tree(links: Readonly<Record<string, string>>): Promise<string> {
  const root = join(realpathSync(await makeTempDir()), "root");
  mkdirSync(root);
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  return root;
}

describe("staysInside", () => {
  it.each(["../b", "nothing/../../x", "."])("lets a link in a folder lead to %s", async (target) => {
    const root = await tree({ "a/l": target });
    expect(await staysInside(root, join(root, "a/l"))).toBe(true);
  });

  it.each(["l", "..", "../root", "/etc"])("refuses one at the top that leads to %s", async (target) => {
    const root = await tree({ l: target });
    expect(await staysInside(root, join(root, "l"))).toBe(false);
  });

  it("agrees with the kernel, wherever links lead", async () => {
    const segment = fc.constantFrom("a", "b", "c", "..", ".", "l");
    const target = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join("/"));
    const paths = ["l", "a/l", "a/b/l", "c/l"];
    await fc.assert(
      fc.asyncProperty(fc.tuple(target, target, target, target), async (targets) => {
        const root = await tree(
          Object.fromEntries(paths.map((path, index) => [path, targets[index] ?? "a"])),
        );
        for (const path of paths) {
          const link = join(root, path);
          let real: string | undefined;
          try {
            real = realpathSync(link);
          } catch {
            // It ends at nothing, or nowhere.
          }
          const inside = real === root || real?.startsWith(`${root}/`);
          if (real !== undefined && !inside) expect(await staysInside(root, link)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });
});
