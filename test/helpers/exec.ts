import { PassThrough } from "node:stream";
import type { ContainerTarget } from "./container-target.ts";

/** What a shell script inside a plugin prints, both streams. */
export async function execIn(
  { on }: Pick<ContainerTarget, "on">,
  name: string,
  script: string,
): Promise<string> {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()];
  stdin.end();
  let text = "";
  stdout.on("data", (chunk) => {
    text += chunk;
  });
  const command = ["sh", "-c", script];
  await on("shell").shell({ name, command, tty: false, stdin, stdout, stderr: stdout });
  return text;
}
