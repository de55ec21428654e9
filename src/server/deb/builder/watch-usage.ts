/** How often what a program uses is looked at, in ms. */
const WATCH_MS = 200;

/**
 * Looks at what a program uses until it is stopped, or something is too much.
 * @param look says what is too much, as in "the step …"; undefined = nothing.
 * @param exceeded called once, with what `look` said.
 * @returns stops it.
 */
export function watchUsage(
  look: () => Promise<string | undefined>,
  exceeded: (what: string) => void,
): () => void {
  let stopped = false;
  let timer = setTimeout(turn, WATCH_MS);
  function turn(): void {
    void look()
      // A folder that vanishes while it is read; the next turn sees it as it is then.
      .catch(() => undefined)
      .then((what) => {
        if (stopped) return;
        if (what === undefined) timer = setTimeout(turn, WATCH_MS);
        else exceeded(what);
      });
  }
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
