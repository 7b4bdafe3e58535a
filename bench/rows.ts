/** What a benchmark row is, and how rows of one group are timed fairly. */

export interface PeerFigure {
  readonly median_ms: number;
  /** How many times as long as ours. */
  readonly ratio: number;
  /** Largest difference to float64, absolute. */
  readonly max_error: number;
}
export interface Row {
  /** Like `wgsl/dense/1024/causal`. */
  readonly name: string;
  readonly median_ms: number;
  /** Fastest and slowest run. */
  readonly spread: readonly [number, number];
  /** What the cost model says is possible, where it says anything. */
  readonly limit_ms: number | null;
  readonly max_error?: number;
  readonly peers: Readonly<Record<string, PeerFigure>>;
}

export const median = (times: readonly number[]): number => {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

export interface Contender {
  readonly name: string;
  /** One run; gives milliseconds. */
  run(): Promise<number>;
}

/** A contender's runs in one round, at most. */
const MOST_REPEATS = 10;

/**
 * Runs the contenders in turn, so that a busy moment of the machine meets all of them; the first round is not counted. A
 * fast contender runs several times in its turn, about as long as the slowest: each then has its share of quiet moments.
 */
export async function roundRobin(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(contenders.map((c) => [c.name, []]));
  const first = new Map<string, number>();
  for (const c of contenders) first.set(c.name, await c.run());
  const slowest = Math.max(...first.values());
  for (let round = 0; round < rounds; round++)
    for (const c of contenders) {
      const repeats = Math.max(1, Math.min(MOST_REPEATS, Math.round(slowest / first.get(c.name)!)));
      for (let n = 0; n < repeats; n++) times.get(c.name)!.push(await c.run());
    }
  return times;
}
