/**
 * Philox 4x32-10, a counter-based random number generator: the same key and counter give the same word on every executor, in
 * any order (Salmon, Moraes, Dror, Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011).
 */

const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
/** Weyl constants: of the golden ratio, and √3 − 1. */
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;

export type Counter = readonly [number, number, number, number];

/** High 32 bits of the product of two unsigned words. */
function high(a: number, b: number): number {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = a1 * b0 + Math.floor((a0 * b0) / 0x10000);
  const other = a0 * b1 + (middle % 0x10000);
  return a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
}

/** Four random words. @param key two words @param counter four words; all are taken modulo 2^32 */
export function philox(key: readonly [number, number], counter: Counter): Counter {
  let [k0, k1] = [key[0] >>> 0, key[1] >>> 0];
  let [c0, c1, c2, c3] = counter.map((c) => c >>> 0) as [number, number, number, number];
  for (let round = 0; round < ROUNDS; round++) {
    const [h0, l0] = [high(MULTIPLIERS[0], c0), Math.imul(MULTIPLIERS[0], c0) >>> 0];
    const [h1, l1] = [high(MULTIPLIERS[1], c2), Math.imul(MULTIPLIERS[1], c2) >>> 0];
    [c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0];
    k0 = (k0 + KEY_STEPS[0]) >>> 0;
    k1 = (k1 + KEY_STEPS[1]) >>> 0;
  }
  return [c0, c1, c2, c3];
}
