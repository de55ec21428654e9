import { describe, expect, it } from "vitest";
import { parseSimulation, parseSizes } from "../../../../../src/server/deb/installer/apt.ts";

describe("parseSimulation", () => {
  it("reads what apt would install, in its order, whatever else it says", () => {
    const output = [
      "NOTE: This is only a simulation!",
      "Inst libfoo1 (1:2.0-1 Debian:12.5/stable, Debian-Security:12/stable-security [amd64])",
      "Inst bar:i386 [1.0] (1.1 Debian:12.5/stable [i386]) [wazo-plugind-a-test:amd64 ]",
      "Inst wazo-plugind-a-test (1.0 local-deb [all])",
      "Conf libfoo1 (1:2.0-1 Debian:12.5/stable [amd64])",
    ].join("\n");
    const sizes = parseSizes(
      "'http://archive/pool/libfoo1_2.0-1_amd64.deb' libfoo1_1%3a2.0-1_amd64.deb 1234 SHA256:00\n",
    );
    expect(parseSimulation(output, sizes)).toEqual([
      { name: "libfoo1", version: "1:2.0-1", from: null, architecture: "amd64", sizeBytes: 1234 },
      { name: "bar", version: "1.1", from: "1.0", architecture: "i386", sizeBytes: null },
      { name: "wazo-plugind-a-test", version: "1.0", from: null, architecture: "all", sizeBytes: null },
    ]);
  });
});
