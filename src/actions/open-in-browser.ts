import { spawn } from "node:child_process";
import { once } from "node:events";
import { invalidError } from "../core/errors.ts";

/** Starts the user's browser and does not wait for it. @throws INVALID for what is no web address, Error when there is no browser. */
export async function openInBrowser(address: string, env: NodeJS.ProcessEnv): Promise<void> {
  const url = URL.parse(address);
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw invalidError(`"${address}" is no address of the web, so it is not opened`);
  }
  const [program, ...args] = browserCommand(env);
  const child = spawn(program, [...args, url.href], { stdio: "ignore", detached: true, env });
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new Error(`no browser could be started (${program})`, { cause: error });
  }
  child.unref();
}

function browserCommand({ BROWSER }: NodeJS.ProcessEnv): [program: string, ...args: string[]] {
  if (BROWSER !== undefined && BROWSER !== "") return [BROWSER];
  if (process.platform === "darwin") return ["open"];
  // `start` would read the address as words of its shell.
  if (process.platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler"];
  return ["xdg-open"];
}
