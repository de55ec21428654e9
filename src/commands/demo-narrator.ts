import type { Narrator } from "../actions/demo/narrator.ts";
import type { Page } from "../actions/demo/page.ts";
import { sanitizeLine } from "../output/sanitize.ts";
import type { Style } from "../output/style.ts";
import type { Terminal } from "../output/terminal.ts";

/** Descriptor of the process's stdout. */
const STDOUT_FD = 1;

/** Tells the demo on stdout: a heading a step, commands as typed, and what pages show in a frame. */
export function createNarrator(terminal: Terminal, { paint, symbol }: Style): Narrator {
  const print = (text: string) => terminal.print(`${text}\n`);
  let steps = 0;
  return {
    stdoutFd: STDOUT_FD,
    step: (title) => {
      steps += 1;
      return print(`${steps === 1 ? "" : "\n"}${paint.bold(`${steps}. ${title}`)}`);
    },
    command: (line) => print(`${paint.cyan("$")} ${line}`),
    say: (text) => print(paint.dim(text)),
    page: (page, before) =>
      print([paint.dim(`${page.openedBy} shows`), ...pageLines(page, before).map(framed)].join("\n")),
    finish: (text) => print(`\n${symbol.ok} ${text}`),
  };

  function framed({ mark, text }: MarkedLine): string {
    const frame = paint.dim(terminal.unicode ? "│" : "|");
    const line = `${mark} ${sanitizeLine(text)}`;
    if (mark === "+") return `  ${frame} ${paint.green(line)}`;
    return `  ${frame} ${mark === "-" ? paint.red(line) : line}`;
  }
}

interface MarkedLine {
  mark: " " | "+" | "-";
  text: string;
}

/** What a page shows; with an earlier look at it, lines that came and went are marked. */
function pageLines(page: Page, before: Page | undefined): MarkedLine[] {
  const now = linesOf(page);
  if (before === undefined) return now.map((text) => ({ mark: " ", text }));
  const earlier = linesOf(before);
  return [
    ...earlier.filter((text) => !now.includes(text)).map((text) => ({ mark: "-" as const, text })),
    ...now.map((text) => ({ mark: earlier.includes(text) ? (" " as const) : ("+" as const), text })),
  ];
}

function linesOf({ plugins }: Page): string[] {
  return plugins.flatMap((plugin) => [`${plugin.id} ${plugin.version}, ${plugin.state}`, ...plugin.lines]);
}
