import { expect, it } from "vitest";
import { PERMISSION_WORDS } from "../../../src/commands/permissions.ts";
import { PERMISSIONS } from "../../../src/server/identity/identity.ts";

it("completes the permissions that the embedded server has", () => {
  expect(PERMISSION_WORDS).toEqual(PERMISSIONS);
});
