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

/** Runs the contenders in turn, so that a busy moment of the machine meets all of them; the first round is not counted. */
export async function roundRobin(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map<string, number[]>(contenders.map((c) => [c.name, []]));
  for (let round = -1; round < rounds; round++)
    for (const c of contenders) {
      const ms = await c.run();
      if (round >= 0) times.get(c.name)!.push(ms);
    }
  return times;
}
