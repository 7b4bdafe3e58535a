/** The search for a fast schedule, on a device whose times are known, and what is told of its findings. */
import { describe, expect, it } from 'vitest';
import type { Base } from '../../src/cli/tune/bases.ts';
import { describeSchedule, planText, table } from '../../src/cli/tune/report.ts';
import { median } from '../../src/runtime/median.ts';
import { groupsOf, search, type Lab } from '../../src/cli/tune/search.ts';
import type { Schedule } from '../../src/plan/schedule.ts';
import type { StagePlan } from '../../src/tile/plan.ts';

const plan = (blockM: number, blockN: number): StagePlan => ({
  arrangement: 'lane-rows',
  blockM,
  blockN,
  lanes: 8,
  operands: 'direct',
  fullTiles: 'together',
});
const schedule = (form: 'sequential' | 'chunked', ...plans: readonly StagePlan[]): Schedule => ({
  kernel: 'k',
  target: 'wgsl',
  device: 'cpu',
  forms: [{ form, chunk: 16 }],
  launches: plans.map((p, n) => ({ name: `k_${n + 1}`, structure: '0'.repeat(16), plan: p })),
});
const base = (s: Schedule): Base => ({
  schedule: s,
  planned: { name: 'k', sizes: [], params: [], fixed: {}, tensors: [], stages: [] },
});

const SPACE = [plan(8, 4), plan(16, 8), plan(32, 16), plan(64, 32)];
/** Launch 1 is fastest with few rows, launch 2 with many columns; chunks take half as long. */
const eachOf = (s: Schedule): readonly number[] =>
  s.launches.map(
    ({ plan: p }, n) =>
      (n === 0 ? p.blockM : 64 / p.blockN) * (s.forms![0]!.form === 'chunked' ? 1 : 2) +
      (p.blockM === 32 ? 1000 : 0),
  );
const total = (s: Schedule): number => eachOf(s).reduce((a, b) => a + b, 0);

interface Counted extends Lab {
  readonly prepared: Schedule[];
  live: number;
}
interface LabOptions {
  /** Launches have times of their own. */
  readonly each?: boolean;
  readonly limit?: number;
  readonly refuses?: (s: Schedule) => boolean;
}
function lab({ each = true, limit = Infinity, refuses }: LabOptions = {}): Counted {
  const made: Counted = {
    prepared: [],
    live: 0,
    left: () => made.prepared.length < limit,
    tried: () => {},
    plansOf: ({ schedule: s }, n) =>
      SPACE.filter((p) => JSON.stringify(p) !== JSON.stringify(s.launches[n]!.plan)),
    prepare: async (s) => {
      made.prepared.push(s);
      if (refuses?.(s)) return undefined;
      made.live++;
      return {
        compile_ms: 1,
        launches: s.launches.map((l) => l.name),
        time: async () => total(s),
        ...(each ? { timeEach: async () => eachOf(s) } : {}),
        destroy: () => void made.live--,
      };
    },
  };
  return made;
}
const OWN = schedule('sequential', SPACE[2]!, SPACE[0]!);
const CHUNKED = schedule('chunked', SPACE[2]!, SPACE[0]!);
const fastest = (rows: Awaited<ReturnType<typeof search>>): Schedule =>
  [...rows].sort((a, b) => median(a.times) - median(b.times))[0]!.schedule;

describe('a search', () => {
  it.each([true, false])(
    'finds the best form and the best plan of each launch (own times: %s)',
    async (each) => {
      const l = lab({ each });
      const rows = await search([base(OWN), base(CHUNKED)], l);
      const best = fastest(rows);
      expect(best.forms![0]!.form).toBe('chunked');
      expect(best.launches.map((x) => [x.plan.blockM, x.plan.blockN])).toEqual([
        [8, 4],
        [64, 32],
      ]);
      expect(l.live).toBe(0);
      const own = rows.find((r) => r.schedule === OWN)!;
      expect(own.times.length).toBeGreaterThanOrEqual(3);
      expect(rows.every((r) => r.times.length === own.times.length)).toBe(true);
    },
  );

  it('measures the own schedule whatever the budget', async () => {
    const l = lab({ limit: 0 });
    const rows = await search([base(OWN), base(CHUNKED)], l);
    expect(rows.map((r) => r.schedule)).toEqual([OWN]);
  });

  it('goes on without schedules that cannot be used', async () => {
    const l = lab({ refuses: (s) => s.forms![0]!.form === 'chunked' || s.launches[0]!.plan.blockM === 8 });
    const best = fastest(await search([base(OWN), base(CHUNKED)], l));
    expect(best.forms![0]!.form).toBe('sequential');
    expect(best.launches[0]!.plan.blockM).toBe(16);
    expect(l.live).toBe(0);
  });

  it('finds nothing where nothing can be used', async () => {
    expect(await search([base(OWN)], lab({ refuses: () => true }))).toEqual([]);
  });
});

describe('launches of stages', () => {
  it.each([
    [['a'], ['a'], [0]],
    [
      ['a', 'b'],
      ['a', 'b'],
      [0, 1],
    ],
    [
      ['a', 'b'],
      ['a_parts', 'a_merge', 'b'],
      [0, 0, 1],
    ],
    [
      ['a', 'b'],
      ['a_rows_lo', 'a', 'b_parts', 'b_merge_1', 'b_merge_2'],
      [0, 0, 1, 1, 1],
    ],
    [
      ['a', 'a_1'],
      ['a', 'a_1'],
      [0, 1],
    ],
  ])('%j run as %j', (stages, launches, groups) => expect(groupsOf(stages, launches)).toEqual(groups));
});

describe('what is told', () => {
  it('is what makes a schedule another one', () => {
    expect(describeSchedule(OWN, OWN)).toBe("the compiler's own");
    expect(describeSchedule(schedule('chunked', SPACE[0]!, SPACE[0]!), OWN)).toBe(
      'form chunked:16; k_1: blockM 32→8, blockN 16→4',
    );
    const split = { ...OWN, launches: OWN.launches.map((l) => ({ ...l, plan: { ...l.plan, split: 2 } })) };
    expect(describeSchedule({ ...split, rewrite: true }, OWN)).toBe(
      'sums carried; k_1: split none→2; k_2: split none→2',
    );
  });

  it('has a line for a plan', () => {
    expect(planText({ ...plan(8, 4), rowShape: [2, 4] })).toBe(
      'lane-rows 8x4, 8 lanes, direct, fullTiles together, rowShape 2x4',
    );
  });

  it('is aligned', () => {
    expect(
      table(
        ['a', 'what'],
        [
          ['100', 'x y'],
          ['1', 'z'],
        ],
      ),
    ).toBe('  a  what\n100  x y\n  1  z');
  });
});
