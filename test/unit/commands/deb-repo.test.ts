import { describe, expect, it, vi } from "vitest";
import { cliOver } from "../../helpers/fake-adapters.ts";

vi.mock("../../../src/adapters/index.ts", () => import("../../helpers/fake-adapters.ts"));

const PACKAGE = {
  package: "wazo-plugind-hello-acme",
  version: "1.0",
  architecture: "all",
  channel: "main",
  sha256: "0".repeat(64),
  sizeBytes: 2_000_000,
  publishedAt: "2026-01-01T00:00:00Z",
};
const KEY = { fingerprint: "ABCD", armored: "-----BEGIN\n=====\n", url: "https://plugins.example.com/apt" };

describe("deb repo", () => {
  it("key shows fingerprint and address, or the key itself for a file", async () => {
    const cli = await cliOver({ repository: { key: async () => KEY } });
    expect((await cli("deb repo key")).stdout).toContain("fingerprint\tABCD");
    expect((await cli("deb repo key -o name")).stdout).toBe("ABCD\n");
    expect(JSON.parse((await cli("deb repo key -o json")).stdout)).toEqual({ target: "edge", ...KEY });
    expect((await cli("deb repo key --armored")).stdout).toBe(KEY.armored);
  });

  it("list shows each package with its channel", async () => {
    const cli = await cliOver({ repository: { list: async () => [PACKAGE] } });
    expect((await cli("deb repo list")).stdout).toBe(
      "main\twazo-plugind-hello-acme\t1.0\tall\t2000000\t2026-01-01T00:00:00Z\n",
    );
    expect((await cli("deb repo list -o name")).stdout).toBe("wazo-plugind-hello-acme=1.0\n");
  });

  it("prune tells what it would take out, and does so only after a confirmation", async () => {
    const seen: unknown[] = [];
    const cli = await cliOver({
      repository: {
        prune: async (request) => {
          seen.push(request);
          return [PACKAGE];
        },
      },
    });
    expect((await cli("deb repo prune --dry-run --keep 2 --channel main")).stdout).toContain(
      "1 package (2.0 MB) would go: wazo-plugind-hello-acme 1.0 of main",
    );
    expect((await cli("deb repo prune")).code).toBe(2);
    expect((await cli("deb repo prune -y")).stdout).toContain(
      "took 1 package (2.0 MB) out of the repository",
    );
    expect(seen).toEqual([
      { keep: 2, channel: "main", dryRun: true },
      { keep: 3, channel: undefined, dryRun: true },
      { keep: 3, channel: undefined, dryRun: true },
      { keep: 3, channel: undefined, dryRun: false },
    ]);
    expect((await cli("deb repo prune --keep 0")).code).toBe(2);
  });
});
