import type { PlugctlError } from "../../../core/errors.ts";
import type { TaskStatus } from "./statuses.ts";

/** wazo-plugind's shape of what went wrong in a task (wazo-plugind spec, section 5.3). */
export interface WazoErrors {
  error_id: string;
  message: string;
  resource: "plugins";
  details: Readonly<Record<string, unknown>>;
}

/** Where the original runs a program whose exit code it reports: any failure of these steps is one of that program. */
const PROGRAM_STEPS: ReadonlySet<string> = new Set(["downloading", "packaging"]);

const MESSAGES: Readonly<Record<string, string>> = {
  "validation-error": "Validation error",
  "no-compatible-version": "No compatible version",
};

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * @param step the status that the task had reached.
 * @param installOptions of an installation: where it installs from, in wazo's words, as far as that is known.
 */
export function toWazoErrors(
  error: PlugctlError,
  step: TaskStatus,
  installOptions: Readonly<Record<string, unknown>> | undefined,
): WazoErrors {
  const told = error.details ?? {};
  const errorId = typeof told.error_id === "string" ? told.error_id : undefined;
  if (errorId === "validation-error") {
    const details = (told.details ?? {}) as Record<string, unknown>;
    return { error_id: errorId, message: "Validation error", resource: "plugins", details };
  }
  const isGit = installOptions !== undefined && "url" in installOptions;
  if ((PROGRAM_STEPS.has(step) && isGit) || (step === "building" && told.exitCode !== undefined)) {
    return {
      error_id: "install-error",
      message: "Installation error",
      resource: "plugins",
      details: { step },
    };
  }
  return {
    error_id: errorId ?? `${step.replaceAll(" ", "-")}-error`,
    message: MESSAGES[errorId ?? ""] ?? `${capitalised(step)} Error`,
    resource: "plugins",
    details: installOptions === undefined ? {} : { install_options: installOptions },
  };
}
