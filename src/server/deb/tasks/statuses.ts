/** Statuses of an installation in their order (wazo-plugind spec, section 5.2); `error` may end it after any of them. */
export const INSTALL_STATUSES = [
  "starting",
  "downloading",
  "extracting",
  "validating",
  "installing dependencies",
  "building",
  "packaging",
  "updating",
  "installing",
  "cleaning",
  "completed",
] as const;

/** Statuses of a removal, likewise. */
export const UNINSTALL_STATUSES = ["starting", "removing", "completed"] as const;

export type TaskStatus = (typeof INSTALL_STATUSES)[number] | (typeof UNINSTALL_STATUSES)[number] | "error";
