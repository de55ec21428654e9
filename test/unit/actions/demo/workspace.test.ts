import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Workspace } from "../../../../src/actions/demo/workspace.ts";

/** A process that starts another one, writes its id to a file, and ends before it. */
const PARENT = `
  const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  require("node:fs").writeFileSync(process.argv[1], String(child.pid));
  process.exit(0);
`;

async function readWhenThere(path: string): Promise<string> {
  for (;;) {
    const content = existsSync(path) ? await readFile(path, "utf8") : "";
    if (content !== "") return content;
    await sleep(10);
  }
}

async function untilGone(pid: number): Promise<void> {
  // The state Z is a process that has ended and awaits being collected by its parent.
  const isThere = async () => {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    return stat !== undefined && !/\) Z /.test(stat);
  };
  while (await isThere()) await sleep(10);
}

test("a workspace that is disposed of ends its processes with their children, and is deleted", async () => {
  let folder: string;
  let childPid: number;
  {
    await using workspace = new Workspace();
    folder = workspace.folder;
    const leader = workspace.start(process.execPath, ["-e", PARENT, workspace.path("pid")], {
      stdio: "ignore",
    });
    childPid = Number(await readWhenThere(workspace.path("pid")));
    if (leader.exitCode === null) await once(leader, "exit");
  }
  await untilGone(childPid);
  expect(existsSync(folder)).toBe(false);
});

test("a process that exits in the middle of its work leaves nothing of its workspace behind", async () => {
  const code = `
    import { Workspace } from ${JSON.stringify(new URL("../../../../src/actions/demo/workspace.ts", import.meta.url).href)};
    const workspace = new Workspace();
    const { pid } = workspace.start(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    console.log(JSON.stringify({ folder: workspace.folder, pid }));
    process.exit(3);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  const [exitCode] = await once(child, "close");
  const { folder, pid } = JSON.parse(output) as { folder: string; pid: number };
  await untilGone(pid);
  expect(exitCode).toBe(3);
  expect(existsSync(folder)).toBe(false);
});

test("a program that cannot be started is no obstacle to cleaning up", async () => {
  const workspace = new Workspace();
  const leader = workspace.start(workspace.path("no-such-program"), [], { stdio: "ignore" });
  await once(leader, "error");
  await workspace[Symbol.asyncDispose]();
  expect(existsSync(workspace.folder)).toBe(false);
});
