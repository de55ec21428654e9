import { VERSION } from "./version.ts";

/** Runs the process: signals, streams, and the exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    // The one question that every script asks first needs neither parser nor configuration.
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (argv[0] === "complete" && argv[1] === "--") {
    // Asked by a shell at a key press, so it is answered before the parser is even loaded.
    const { answer } = await import("./completion/answer.ts");
    const text = await answer(argv.slice(2), { env: process.env, cwd: process.cwd(), now: () => new Date() });
    // A look-up of a host name goes on behind a call that was given up, and would hold the shell.
    process.stdout.write(text, () => process.exit(0));
    return 0;
  }
  const abort = new AbortController();
  let received: "SIGINT" | "SIGTERM" | undefined;
  const onSignal = (signal: "SIGINT" | "SIGTERM") => {
    // The second signal ends at once.
    if (received !== undefined) process.exit(signal === "SIGINT" ? 130 : 143);
    received = signal;
    abort.abort();
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  // A reader that has seen enough (`plugctl list | head`) is no failure.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
  const { run, Terminal } = await import("./run.ts");
  const code = await run(argv, {
    terminal: new Terminal(process, process.env),
    env: process.env,
    cwd: process.cwd(),
    signal: abort.signal,
    now: () => new Date(),
  });
  return received === "SIGTERM" && code === 130 ? 143 : code;
}
