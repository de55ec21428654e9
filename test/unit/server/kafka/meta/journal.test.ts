import { execFile } from "node:child_process";
import { readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame } from "../../../../../src/server/kafka/broker/meta/frames.ts";
import { Journal, type JournalOptions } from "../../../../../src/server/kafka/broker/meta/journal.ts";
import { SimulatedClock } from "../../../../helpers/simulated-clock.ts";
import { makeTempDir } from "../../../../helpers/temp-dir.ts";

const MODULE = new URL("../../../../../src/server/kafka/broker/meta/journal.ts", import.meta.url).href;
const CLOCK = new URL("../../../../../src/server/kafka/broker/clock.ts", import.meta.url).href;

interface Entry {
  key: string;
  value: number;
}

/** A journal of a map. */
async function openMap(file: string, options: Partial<JournalOptions<Entry>> = {}) {
  const state = new Map<string, number>();
  const opened = await Journal.open<Entry>({
    file,
    clock: new SimulatedClock(),
    version: 1,
    sync: "interval",
    syncInterval: 1000,
    compactAt: 1_000_000,
    parse: (value) => value as Entry,
    apply: ({ key, value }) => state.set(key, value),
    snapshot: () => [...state].map(([key, value]) => ({ key, value })),
    ...options,
  });
  return { ...opened, state };
}

const fileIn = async () => join(await makeTempDir(), "a.log");

describe("frames", () => {
  it("are read back as they were written, wherever they begin", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 65_535 }),
        fc.uint8Array({ minLength: 1 }),
        fc.uint8Array(),
        (version, bytes, before) => {
          const payload = Buffer.from(bytes);
          const all = Buffer.concat([before, encodeFrame({ version, payload })]);
          expect(decodeFrame(all, before.length)).toEqual({ frame: { version, payload }, end: all.length });
        },
      ),
    );
  });

  it("are none where a byte is wrong or missing", () => {
    const whole = encodeFrame({ version: 1, payload: Buffer.from("payload") });
    for (let at = 0; at < whole.length; at++) {
      expect(decodeFrame(whole.subarray(0, at), 0)).toBeUndefined();
      const wrong = Buffer.from(whole);
      wrong.writeUInt8(wrong.readUInt8(at) ^ 0x40, at);
      expect(decodeFrame(wrong, 0)).toBeUndefined();
    }
    expect(decodeFrame(Buffer.alloc(4096), 0)).toBeUndefined();
  });
});

describe("Journal", () => {
  it("holds after opening again what was acknowledged, in its order", async () => {
    const file = await fileIn();
    const first = await openMap(file);
    await Promise.all(
      Array.from({ length: 200 }, (_, value) =>
        first.journal.append({ key: `k${value % 7}`, value }, { durable: value % 50 === 0 }),
      ),
    );
    await first.journal.close();
    const second = await openMap(file);
    expect(second.state).toEqual(first.state);
    expect(second.state.get("k3")).toBe(199);
    expect(second.cut).toBe(0);
    await second.journal.close();
  });

  it("applies a record before its append is answered", async () => {
    const { journal, state } = await openMap(await fileIn());
    await journal.append({ key: "a", value: 1 }, { durable: true });
    expect(state.get("a")).toBe(1);
    await journal.close();
  });

  it("keeps the whole records before a torn tail, at whichever byte it is torn, and goes on from there", async () => {
    const file = await fileIn();
    const first = await openMap(file);
    const ends: number[] = [0];
    for (let value = 0; value < 4; value++) {
      await first.journal.append({ key: `k${value}`, value }, { durable: true });
      ends.push((await stat(file)).size);
    }
    await first.journal.close();
    const whole = await readFile(file);
    for (let size = 0; size <= whole.length; size++) {
      for (const tail of [Buffer.alloc(0), Buffer.alloc(20), Buffer.from("garbage and more of it")]) {
        const torn = Buffer.concat([whole.subarray(0, size), size === whole.length ? Buffer.alloc(0) : tail]);
        await writeFile(file, torn);
        const kept = ends.filter((end) => end <= size).length - 1;
        const { journal, state, cut } = await openMap(file);
        expect([...state.values()]).toEqual(Array.from({ length: kept }, (_, value) => value));
        expect(cut).toBe(torn.length - (ends[kept] ?? 0));
        await journal.append({ key: "after", value: 9 }, { durable: true });
        await journal.close();
        const again = await openMap(file);
        expect([...again.state.keys()]).toEqual([...state.keys()]);
        await again.journal.close();
      }
    }
  });

  it("is written anew when it has grown, with nothing lost of what arrives meanwhile", async () => {
    const file = await fileIn();
    const first = await openMap(file, { compactAt: 2_000 });
    for (let value = 0; value < 2_000; value++) {
      const appended = first.journal.append({ key: `k${value % 10}`, value }, { durable: false });
      if (value % 13 === 0) await appended;
    }
    await first.journal.append({ key: "last", value: 1 }, { durable: true });
    expect((await stat(file)).size).toBeLessThan(6_000);
    await first.journal.close();
    const second = await openMap(file);
    expect(second.state).toEqual(first.state);
    expect(second.state.size).toBe(11);
    await second.journal.close();
  });

  it("forgets a rewriting that a crash interrupted", async () => {
    const file = await fileIn();
    const first = await openMap(file);
    await first.journal.append({ key: "a", value: 1 }, { durable: true });
    await first.journal.close();
    await writeFile(`${file}.new`, "half");
    const second = await openMap(file);
    expect(second.state.get("a")).toBe(1);
    await expect(stat(`${file}.new`)).rejects.toMatchObject({ code: "ENOENT" });
    await second.journal.close();
  });

  it("syncs at its interval when nothing asked for it at once, and has no timer otherwise", async () => {
    const clock = new SimulatedClock();
    const { journal } = await openMap(await fileIn(), { clock });
    await journal.append({ key: "a", value: 1 }, { durable: true });
    expect(clock.pending).toBe(0);
    await journal.append({ key: "a", value: 2 }, { durable: false });
    await journal.append({ key: "a", value: 3 }, { durable: false });
    expect(clock.pending).toBe(1);
    clock.advance(1000);
    await journal.append({ key: "a", value: 4 }, { durable: true });
    expect(clock.pending).toBe(0);
    await journal.close();
  });

  it("refuses a file of a later version and leaves it as it is", async () => {
    const file = await fileIn();
    const later = encodeFrame({ version: 2, payload: Buffer.from("{}") });
    await writeFile(file, later);
    await expect(openMap(file)).rejects.toThrow(/later version/);
    expect(await readFile(file)).toEqual(later);
  });

  it("refuses whole records that are not its own instead of dropping them", async () => {
    const file = await fileIn();
    await writeFile(file, encodeFrame({ version: 1, payload: Buffer.from('{"strange":1}') }));
    const parse = () => {
      throw new Error("not mine");
    };
    await expect(openMap(file, { parse })).rejects.toThrow("not mine");
  });

  it("takes nothing after it was closed", async () => {
    const { journal } = await openMap(await fileIn());
    await journal.close();
    await expect(journal.append({ key: "a", value: 1 }, { durable: false })).rejects.toThrow(/closed/);
  });

  it("leaves no trace of a record that the disk has no room for, and takes a smaller one", async () => {
    const file = await fileIn();
    const program = `
      import { Journal } from ${JSON.stringify(MODULE)};
      import { systemClock } from ${JSON.stringify(CLOCK)};
      const { journal } = await Journal.open({
        file: ${JSON.stringify(file)}, clock: systemClock, version: 1, sync: "always", syncInterval: 0,
        compactAt: 1e9, parse: (value) => value, apply() {}, snapshot: () => [],
      });
      const append = (key, size) => journal
        .append({ key, value: "x".repeat(size) }, { durable: true })
        .then(() => "written", (error) => error.code);
      console.log(await append("a", 300), await append("b", 3000), await append("c", 300));
    `;
    // A limit on the size of files refuses a write as a full disk does: after a part of it.
    const limited = 'trap "" XFSZ; ulimit -f 1; exec "$0" "$@"';
    const { stdout } = await promisify(execFile)("bash", [
      "-c",
      limited,
      process.execPath,
      "--input-type=module",
      "--eval",
      program,
    ]);
    expect(stdout.trim()).toBe("written EFBIG written");
    const { journal, state, cut } = await openMap(file);
    expect([[...state.keys()], cut]).toEqual([["a", "c"], 0]);
    await journal.close();
  });

  it("counts nothing beyond the end of a file that was cut behind its back", async () => {
    const file = await fileIn();
    const first = await openMap(file);
    await first.journal.append({ key: "a", value: 1 }, { durable: true });
    await first.journal.close();
    await truncate(file, 3);
    const second = await openMap(file);
    expect([second.state.size, second.cut]).toEqual([0, 3]);
    await second.journal.close();
  });
});
