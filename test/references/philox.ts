/** Philox 4x32-10 by its definition (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, 2011), in exact integers. */

const WORD = 1n << 32n;
const word = (x: number): bigint => ((BigInt(x) % WORD) + WORD) % WORD;

/** Four words of a key of two and a counter of four; negative numbers are taken modulo 2^32. */
export function philoxWords(key: readonly number[], counter: readonly number[]): number[] {
  let [k0, k1] = key.map(word) as [bigint, bigint];
  let [left0, right0, left1, right1] = counter.map(word) as [bigint, bigint, bigint, bigint];
  for (let round = 0; round < 10; round++) {
    const [first, second] = [left0 * 0xd2511f53n, left1 * 0xcd9e8d57n];
    [left0, right0] = [(second / WORD) ^ right0 ^ k0, second % WORD];
    [left1, right1] = [(first / WORD) ^ right1 ^ k1, first % WORD];
    k0 = (k0 + 0x9e3779b9n) % WORD;
    k1 = (k1 + 0xbb67ae85n) % WORD;
  }
  return [left0, right0, left1, right1].map(Number);
}

/** Uniform in [0, 1): the upper 24 bits of the first word. */
export const uniformAt = (seed: number, ...counter: number[]): number =>
  Math.floor(
    philoxWords(
      [seed, 0],
      [0, 1, 2, 3].map((n) => counter[n] ?? 0),
    )[0]! / 256,
  ) /
  2 ** 24;
