import { PlugctlError, toPlugctlError } from "../core/errors.ts";
import type { ShellSession } from "../core/observation.ts";
import type { Host } from "../host.ts";
import { RawTerminal } from "../output/raw-terminal.ts";
import type { Result } from "../output/result.ts";
import { type Addressed, addressed } from "./addressed.ts";
import type { Handler } from "./command.ts";
import type { shell } from "./shell.meta.ts";

/** As docker does, so that it is no code of the command's: what failed is plugctl. */
const FAILED_BEFORE = 125;

export const run: Handler<typeof shell> = async ({ args, host }) => {
  try {
    const plugin = await addressed(host, "shell", args.plugin);
    const exitCode = await runIn(plugin, args.command, host);
    return { type: "text", text: "", exitCode } satisfies Result;
  } catch (thrown) {
    const { code, message, hint, details, cause } = toPlugctlError(thrown);
    if (code === "CANCELLED") throw thrown;
    throw new PlugctlError(code, message, { hint, details, cause, exitCode: FAILED_BEFORE });
  }
};

async function runIn(
  { on, name }: Addressed<"shell">,
  command: readonly string[],
  host: Host,
): Promise<number> {
  const { terminal } = host;
  const session: Omit<ShellSession, "tty"> = {
    name,
    command: command.length > 0 ? command : undefined,
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    stderr: terminal.stderr,
  };
  try {
    if (!terminal.stdin.isTTY || !terminal.stdout.isTTY) return await on.shell({ ...session, tty: false });
    using raw = new RawTerminal(terminal);
    try {
      return await on.shell({
        ...session,
        stdout: raw.output,
        tty: true,
        size: raw.size,
        onResize: (listener) => raw.onResize(listener),
      });
    } catch (error) {
      raw.cutOff();
      throw error;
    }
  } finally {
    // What nobody reads any more must not keep the process waiting for its end.
    terminal.stdin.destroy();
  }
}
