import { describe, expect, it } from "vitest";
import { Epochs } from "../../../../../src/server/kafka/broker/log/epochs.ts";

const starts = [
  { epoch: 2, offset: 10 },
  { epoch: 5, offset: 20 },
  { epoch: 6, offset: 30 },
];

describe("the leader epochs of a log", () => {
  it("end where the next that was written in begins, and the last where the log ends", () => {
    const epochs = new Epochs(starts);
    expect(epochs.endOf(2, 6, 40)).toEqual({ epoch: 2, endOffset: 20 });
    expect(epochs.endOf(4, 6, 40)).toEqual({ epoch: 2, endOffset: 20 });
    expect(epochs.endOf(6, 6, 40)).toEqual({ epoch: 6, endOffset: 40 });
    expect(epochs.endOf(7, 7, 40)).toEqual({ epoch: 7, endOffset: 40 });
    expect(epochs.endOf(1, 6, 40)).toEqual({ epoch: 1, endOffset: 10 });
    expect(epochs.endOf(7, 6, 40)).toEqual({ epoch: -1, endOffset: -1 });
  });

  it("are forgotten with the part of the log that they are about", () => {
    const epochs = new Epochs(starts);
    epochs.cutFrom(30);
    expect([epochs.last, epochs.add(5, 33), epochs.add(6, 33)]).toEqual([5, false, true]);
    epochs.cutBefore(25);
    expect(epochs.starts).toEqual([
      { epoch: 5, offset: 25 },
      { epoch: 6, offset: 33 },
    ]);
    epochs.cutBefore(33);
    expect(epochs.starts).toEqual([{ epoch: 6, offset: 33 }]);
  });
});
