/** What a page of the example application shows. */
export interface Page {
  /** What opened it, for people. */
  openedBy: string;
  plugins: ShownPlugin[];
}

export interface ShownPlugin {
  id: string;
  version: string;
  state: "running" | "failed";
  /** What its views show, line by line; why it failed, when it did. */
  lines: string[];
}

/** Opens the example application. @throws BACKEND when the application itself does not come up. */
export type OpenPage = (signal: AbortSignal) => Promise<Page>;
