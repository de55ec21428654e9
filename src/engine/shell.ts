import { once } from "node:events";
import { PassThrough, type Readable } from "node:stream";
import { conflictError, PlugctlError } from "../core/errors.ts";
import type { Shell, ShellSession } from "../core/observation.ts";
import { readBlueprint } from "./blueprint.ts";
import type { EngineStream } from "./client.ts";
import { type EngineScope, pluginContainer } from "./containers.ts";
import { DetachKeys } from "./detach-keys.ts";
import { readFrames } from "./frames.ts";
import { type Container, createdSchema, execSchema } from "./schema.ts";

/** Tells the programs inside what the terminal can show. */
const TERM = "xterm-256color";

// Engines before 25 end with 126 for both, and tell which in words, beside what the program would have written.
const CANNOT_EXECUTE = 126;
const NO_SUCH_PROGRAM_CODE = 127;
const NO_SUCH_PROGRAM =
  /^OCI runtime exec failed: [\s\S]*(?:executable file not found|no such file or directory)/;

export function createShell(scope: EngineScope): Shell {
  return {
    async shell(session) {
      const container = await pluginContainer(scope, session.name);
      requireRunning(session.name, container);
      const command = session.command ?? shellOf(container);
      return runInContainer(scope, container.Id, { ...session, command });
    },
  };
}

/** Runs a command in a running container with the session's streams. @returns its exit code, or 0 when it was left running. */
export async function runInContainer(
  { client }: EngineScope,
  id: string,
  session: ShellSession & { command: readonly string[] },
): Promise<number> {
  const { name, tty, command, size } = session;
  const subject = `plugin "${name}"`;
  const { Id: execId } = await client.json(
    createdSchema,
    async (docker, abortSignal) => {
      const { id: Id } = await docker.getContainer(id).exec({
        ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: tty, Cmd: [...command] },
        ...(tty ? { Env: [`TERM=${process.env.TERM || TERM}`] } : {}),
        ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }),
        abortSignal,
      });
      return { Id };
    },
    { subject },
  );
  const exec = await client.stream(
    (docker, abortSignal) =>
      docker.getExec(execId).start({ hijack: true, stdin: true, Tty: tty, Detach: false, abortSignal }),
    { subject },
  );
  const resize = (to: { columns: number; rows: number }) =>
    client.done(
      (docker, abortSignal) => docker.getExec(execId).resize({ h: to.rows, w: to.columns, abortSignal }),
      { subject },
    );
  // Engines older than 1.42 do not know ConsoleSize; one that has ended needs no size.
  if (tty && size !== undefined) resize(size).catch(() => undefined);
  const stopResizing = session.onResize?.((to) => void resize(to).catch(() => undefined));
  try {
    const { left, lastOutput } = await exchange(session, exec);
    if (left) return 0;
    const code = await exitCode(client, execId, subject);
    return code === CANNOT_EXECUTE && NO_SUCH_PROGRAM.test(lastOutput) ? NO_SUCH_PROGRAM_CODE : code;
  } finally {
    stopResizing?.();
  }
}

/** Copies both ways until the engine ends its side, or the user leaves; the end of stdin closes our half only. */
async function exchange(
  { stdin, stdout, stderr, tty }: ShellSession,
  { body, error }: EngineStream,
): Promise<{ left: boolean; lastOutput: string }> {
  const socket = body as Readable & NodeJS.WritableStream;
  // What is typed after the program's end has nowhere to go.
  socket.on("error", () => undefined);
  const keys = tty ? new DetachKeys(() => body.destroy()) : new PassThrough();
  stdin.pipe(keys).pipe(socket);
  let last: Buffer = Buffer.alloc(0);
  const show = async (output: NodeJS.WritableStream, data: Buffer) => {
    last = data;
    if (!output.write(data)) await once(output, "drain");
  };
  const hasLeft = () => keys instanceof DetachKeys && keys.pressed;
  try {
    if (tty) for await (const data of body) await show(stdout, data);
    else
      for await (const { stream, data } of readFrames(body))
        await show(stream === "stderr" ? stderr : stdout, data);
  } catch (thrown) {
    if (!hasLeft()) throw error(thrown);
  } finally {
    stdin.unpipe(keys);
    stdin.pause();
    keys.destroy();
    body.destroy();
  }
  return { left: hasLeft(), lastOutput: last.subarray(0, 1000).toString("utf8") };
}

async function exitCode(client: EngineScope["client"], execId: string, subject: string): Promise<number> {
  const look = () =>
    client.json(execSchema, (docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }), {
      subject,
    });
  let found = await look();
  // The stream may end a moment before the engine has noted the program's end.
  for (let tries = 0; found.Running && tries < 40; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    found = await look();
  }
  if (!found.Running && typeof found.ExitCode === "number") return found.ExitCode;
  throw new PlugctlError("UNAVAILABLE", `${subject}: the connection ended before the command did`);
}

function shellOf({ Config }: Container): readonly string[] {
  return readBlueprint(Config.Labels, Config.Env)?.recipe.shell ?? ["/bin/sh"];
}

function requireRunning(name: string, { State }: Container): void {
  if (State.Status === "running") return;
  const instead = { paused: "resume", restarting: "logs" }[State.Status] ?? "start";
  const words = State.Status === "exited" ? "stopped" : State.Status;
  const hint =
    instead === "logs"
      ? `"plugctl logs ${name}" tells why it ends`
      : `"plugctl ${instead} ${name}" is possible`;
  throw conflictError(`${name} is ${words}: nothing can run in it`, {
    hint,
    details: { name, state: State.Status, allowed: instead },
  });
}
