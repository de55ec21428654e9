import { expect, it } from "vitest";
import { TaskLog } from "../../../../../src/server/deb/tasks/task-log.ts";

it("a log on a full disk goes without what there is no room for, and knows its end", () => {
  const log = new TaskLog("/dev/full", new EventTarget());
  log.append("first\n");
  log.append("last\n");
  expect(log.tail).toBe("first\nlast\n");
  log.close();
  expect(log.closed).toBe(true);
});
