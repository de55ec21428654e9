import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  generatePassword,
  generateToken,
  hashSecret,
  parseToken,
} from "../../../../src/server/identity/token-format.ts";

describe("tokens", () => {
  it("have the documented form and their id inside", () => {
    for (let i = 0; i < 200; i++) {
      const { id, token, hash } = generateToken();
      expect(token).toMatch(/^plc_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}$/);
      expect(parseToken(token)).toEqual({ id });
      expect(hash).toBe(hashSecret(token));
    }
  });

  it("with one character changed are refused by the checksum", () => {
    const { token } = generateToken();
    const position = fc.nat({ max: token.length - 1 });
    const character = fc.constantFrom(..."0129AZazB_-");
    fc.assert(
      fc.property(position, character, (at, by) => {
        fc.pre(token[at] !== by);
        expect(parseToken(token.slice(0, at) + by + token.slice(at + 1))).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it("that are no tokens are refused", () => {
    fc.assert(fc.property(fc.string(), (text) => parseToken(text) === undefined));
    expect(parseToken(`${generateToken().token}\n`)).toBeUndefined();
  });

  it("and passwords that are made up differ each time", () => {
    expect(new Set(Array.from({ length: 100 }, generatePassword)).size).toBe(100);
  });
});
