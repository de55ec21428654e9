import { expect, test } from "vitest";
import { invalidError, notFoundError } from "../../../../../src/core/errors.ts";
import { toWazoErrors } from "../../../../../src/server/deb/tasks/failure.ts";
import type { TaskStatus } from "../../../../../src/server/deb/tasks/statuses.ts";

const GIT = { url: "u", ref: "master", subdirectory: null };
const MARKET = { namespace: "a", name: "b" };
const installError = (step: string) => ({
  error_id: "install-error",
  message: "Installation error",
  resource: "plugins",
  details: { step },
});
const otherError = (id: string, message: string, options: object) => ({
  error_id: id,
  message,
  resource: "plugins",
  details: { install_options: options },
});

test.each<[string, TaskStatus, object, object, object]>([
  ["git failed", "downloading", {}, GIT, installError("downloading")],
  ["the plugin's build failed", "building", { exitCode: 2 }, GIT, installError("building")],
  ["there are no rules", "building", {}, GIT, otherError("building-error", "Building Error", GIT)],
  ["packing failed", "packaging", { exitCode: 1 }, GIT, installError("packaging")],
  [
    "the market does not know it",
    "downloading",
    {},
    MARKET,
    otherError("downloading-error", "Downloading Error", MARKET),
  ],
  ["the folder is missing", "extracting", {}, GIT, otherError("extracting-error", "Extracting Error", GIT)],
  [
    "a dependency is missing",
    "installing dependencies",
    {},
    GIT,
    otherError("installing-dependencies-error", "Installing dependencies Error", GIT),
  ],
  [
    "dpkg failed",
    "installing",
    { exitCode: 1 },
    GIT,
    otherError("installing-error", "Installing Error", GIT),
  ],
  [
    "no version fits",
    "downloading",
    { error_id: "no-compatible-version" },
    MARKET,
    otherError("no-compatible-version", "No compatible version", MARKET),
  ],
])("when %s, clients are told in wazo's words", (_title, step, details, options, errors) => {
  const error = invalidError("it failed", { details: { ...details } });
  expect(toWazoErrors(error, step, { ...options })).toEqual(errors);
});

test("faults of a description are told by field, without the options", () => {
  const faults = { name: { constraint_id: "required" } };
  const error = invalidError("bad", { details: { error_id: "validation-error", details: faults } });
  expect(toWazoErrors(error, "validating", GIT)).toEqual({
    error_id: "validation-error",
    message: "Validation error",
    resource: "plugins",
    details: faults,
  });
});

test("a failed removal has no details", () => {
  expect(toWazoErrors(notFoundError("gone"), "removing", undefined)).toEqual({
    error_id: "removing-error",
    message: "Removing Error",
    resource: "plugins",
    details: {},
  });
});
