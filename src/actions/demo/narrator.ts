import type { Page } from "./page.ts";

/** Tells the story of the demo to whoever watches. */
export interface Narrator {
  /** Where the output of commands belongs: the descriptor that this narrator writes to. */
  readonly stdoutFd: number;
  /** A new part of the story. */
  step(title: string): Promise<void>;
  /** A command line that is about to run. */
  command(line: string): Promise<void>;
  /** Something to know. */
  say(text: string): Promise<void>;
  /** What a page shows, and what is new in it since an earlier look. */
  page(page: Page, before?: Page): Promise<void>;
  /** The end: all went as it should. */
  finish(text: string): Promise<void>;
}
