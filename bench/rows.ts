/** What a benchmark row is, and how rows of one group are timed fairly. */

export interface PeerFigure {
  readonly median_ms: number;
  /** Fastest and slowest run. */
  readonly spread?: readonly [number, number];
  /** How many times as long as ours. */
  readonly ratio: number;
  /** Largest difference to float64, absolute. */
  readonly max_error: number;
  /** Time on all threads of the process, and the ratio of it, where lanes run on the CPU. */
  readonly cpu_ms?: number;
  readonly cpu_ratio?: number;
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
  /** Median of the time on all threads of the process: on a busy machine it says more of a software device than the clock. */
  readonly cpu_ms?: number;
  /** Times those of the plain kernel, per multiply-add in visited tiles. */
  readonly per_operation?: { readonly time: number; readonly cpu: number };
  readonly peers: Readonly<Record<string, PeerFigure>>;
}

export { median } from '../src/runtime/median.ts';

export interface Contender {
  readonly name: string;
  /** One run; gives milliseconds. */
  run(): Promise<number>;
}

/** Milliseconds of each run, by the clock and on all threads of the process. */
export interface Times {
  readonly ms: readonly number[];
  readonly cpu: readonly number[];
}

/** A contender's runs in one round, at most. */
const MOST_REPEATS = 10;

/**
 * Runs the contenders in turn, so that a busy moment of the machine meets all of them; the first round is not counted. A
 * fast contender runs several times in its turn, about as long as the slowest: each then has its share of quiet moments.
 */
export async function timed(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, Times>> {
  const times = new Map(contenders.map((c) => [c.name, { ms: [] as number[], cpu: [] as number[] }]));
  const first = new Map<string, number>();
  for (const c of contenders) first.set(c.name, await c.run());
  const slowest = Math.max(...first.values());
  for (let round = 0; round < rounds; round++)
    for (const c of contenders) {
      const repeats = Math.max(1, Math.min(MOST_REPEATS, Math.round(slowest / first.get(c.name)!)));
      for (let n = 0; n < repeats; n++) {
        const before = process.cpuUsage();
        const { ms, cpu } = times.get(c.name)!;
        ms.push(await c.run());
        cpu.push(process.cpuUsage(before).user / 1000);
      }
    }
  return times;
}

/** The times by the clock alone. */
export async function roundRobin(
  contenders: readonly Contender[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = await timed(contenders, rounds);
  return new Map([...times].map(([name, { ms }]) => [name, ms]));
}
