/** Deterministic random numbers: the same seed gives the same stream on every machine. */

export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform integer, both ends included. */
  int(low: number, high: number): number;
  /** Normal with mean 0 and deviation 1. */
  normal(): number;
  pick<T>(choices: readonly T[]): T;
}

/** Counter-based generator (a 32-bit finaliser over a Weyl sequence). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 4294967296;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    int,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    pick: (choices) => choices[int(0, choices.length - 1)]!,
  };
}

/** A seed for an independent stream, from a parent seed and a label. */
export function deriveSeed(seed: number, label: string): number {
  let h = (seed ^ 0x811c9dc5) >>> 0;
  for (let n = 0; n < label.length; n++) h = Math.imul(h ^ label.charCodeAt(n), 0x01000193) >>> 0;
  return h;
}
