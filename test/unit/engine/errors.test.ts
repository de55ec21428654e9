import { expect, it } from "vitest";
import { toEngineError } from "../../../src/engine/errors.ts";

it("says what gives a user the right to open an engine's socket", () => {
  const refused = Object.assign(new Error("connect EACCES /run/docker.sock"), { code: "EACCES" });
  const call = { target: "edge", address: "/run/docker.sock", subject: 'target "edge"' };
  expect(toEngineError(refused, call)).toMatchObject({
    code: "UNAVAILABLE",
    exitCode: 7,
    message: 'target "edge": no engine at /run/docker.sock: this user may not open the socket',
    hint: expect.stringContaining("usermod -aG docker"),
  });
});
