import { describe, expect, it } from "vitest";
import { ChangeQueue } from "../../../../../src/server/deb/installer/change-queue.ts";

const never = new AbortController().signal;

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describe("ChangeQueue", () => {
  it("does one change at a time, in the order of the calls, and tells who waits", async () => {
    const queue = new ChangeQueue();
    const order: string[] = [];
    const gate = deferred();
    const change = (id: string) =>
      queue.run({ id, signal: never, onQueued: () => void order.push(`${id} queued`) }, async () => {
        order.push(`${id} begins`);
        await gate.promise;
        order.push(`${id} ends`);
      });
    const all = Promise.all(["a", "b", "c"].map(change));
    expect(queue.ids).toEqual(["a", "b", "c"]);
    gate.resolve();
    await all;
    expect(order).toEqual([
      "a begins",
      "b queued",
      "c queued",
      "a ends",
      "b begins",
      "b ends",
      "c begins",
      "c ends",
    ]);
    expect(queue.ids).toEqual([]);
  });

  it("lets go of a change that is cancelled while it waits, at once", async () => {
    const queue = new ChangeQueue();
    const gate = deferred();
    const first = queue.run({ id: "a", signal: never }, () => gate.promise);
    const controller = new AbortController();
    const second = queue.run({ id: "b", signal: controller.signal }, async () => expect.unreachable());
    const third = queue.run({ id: "c", signal: never }, async () => "done");
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "CANCELLED" });
    expect(queue.ids).toEqual(["a", "c"]);
    gate.resolve();
    await first;
    expect(await third).toBe("done");
  });

  it("goes on after a change that failed, also when it could not say that it waits", async () => {
    const queue = new ChangeQueue();
    const fail = async () => {
      throw new Error("failed");
    };
    const gate = deferred();
    const first = queue.run({ id: "a", signal: never }, () => gate.promise);
    const second = queue.run({ id: "b", signal: never, onQueued: fail }, async () => "b");
    const third = queue.run({ id: "c", signal: never }, async () => "c");
    const refused = expect(second).rejects.toThrow("failed");
    gate.resolve();
    await first;
    await refused;
    expect(await third).toBe("c");
  });

  it("waits for what runs when it is closed, and begins nothing more", async () => {
    const queue = new ChangeQueue();
    const gate = deferred();
    const first = queue.run({ id: "a", signal: never }, () => gate.promise);
    const second = queue.run({ id: "b", signal: never }, async () => expect.unreachable());
    const refused = expect(second).rejects.toMatchObject({ code: "CANCELLED" });
    const closed = queue.close();
    await refused;
    gate.resolve();
    await first;
    await closed;
    await expect(queue.run({ id: "c", signal: never }, async () => "c")).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });
});
