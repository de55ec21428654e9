import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { DevTools } from "../../../../src/actions/demo/devtools.ts";

function connected() {
  const [toBrowser, fromBrowser] = [new PassThrough(), new PassThrough()];
  return { devTools: new DevTools(toBrowser, fromBrowser), toBrowser, fromBrowser };
}

test("answers reach the calls that they belong to, however they are cut into chunks", async () => {
  const { devTools, toBrowser, fromBrowser } = connected();
  const first = devTools.call("Browser.getVersion");
  const second = devTools.call("Runtime.evaluate", { expression: "1" }, "session");
  const sent = String(toBrowser.read())
    .split("\0")
    .slice(0, -1)
    .map((text) => JSON.parse(text));
  expect(sent).toEqual([
    { id: 1, method: "Browser.getVersion", params: {} },
    { id: 2, method: "Runtime.evaluate", params: { expression: "1" }, sessionId: "session" },
  ]);
  const answers = Buffer.from(
    '{"method":"Target.event"}\0{"id":2,"result":{"text":"ä"}}\0{"id":1,"result":{}}\0',
  );
  for (const byte of answers) fromBrowser.write(Buffer.of(byte));
  expect(await second).toEqual({ text: "ä" });
  expect(await first).toEqual({});
});

test("an error of the browser rejects its call with the browser's words", async () => {
  const { devTools, fromBrowser } = connected();
  const call = devTools.call("No.such");
  fromBrowser.write('{"id":1,"error":{"code":-32601,"message":"\'No.such\' was not found"}}\0');
  await expect(call).rejects.toThrow("'No.such' was not found");
});

test("a browser that ends rejects the calls that wait and all later ones", async () => {
  const { devTools, fromBrowser } = connected();
  const call = devTools.call("Browser.getVersion");
  fromBrowser.destroy();
  await expect(call).rejects.toThrow("the browser has ended");
  await expect(devTools.call("Browser.getVersion")).rejects.toThrow("the browser has ended");
});
