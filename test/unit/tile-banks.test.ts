/** Lanes that take four elements of workgroup memory at once meet every bank at most as often as they must. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText } from '../../src/compile.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Stmt } from '../../src/kernel/kernel.ts';
import { laneTilesPlan } from '../../src/tile/lane-tiles-plan.ts';
import { NO_LIMITS, type StagePlan } from '../../src/tile/plan.ts';

const text = readFileSync(join(import.meta.dirname, '../../examples/sdpa.attn'), 'utf8');
const BANKS = 32;
/** Lanes that are served together: 8 times 16 bytes are one access to all banks. */
const TOGETHER = 8;

/** Accesses beyond the first that groups of 8 neighbouring lanes need, and how many such groups were seen. */
function conflicts(D: number, plan: StagePlan): Readonly<Record<'loads' | 'stores' | 'groups', number>> {
  const { value } = compileText(text, {
    target: 'wgsl',
    set: { D, E: D },
    storage: { q: 'f32', k: 'f32', v: 'f32', y: 'f32' },
    plans: [plan],
  });
  const N = 40;
  const x = Float64Array.from({ length: N * D }, (_, n) => (n % 7) / 4 - 1);
  const turns = new Map<object, number[]>();
  const found = new Map<object, number[][]>();
  const { errors } = interpretProgram(
    value!.program,
    { q: x, k: x, v: x },
    { B: 1, H: 1, N, M: N, D, E: D },
    {
      trace: (statement, lane, _, first) => {
        const counts = turns.get(statement) ?? [];
        turns.set(statement, counts);
        const turn = (counts[lane] = (counts[lane] ?? -1) + 1);
        const seen = found.get(statement) ?? [];
        found.set(statement, seen);
        (seen[turn] ??= [])[lane] = first;
      },
    },
  );
  expect(errors).toEqual([]);
  const counted = { loads: 0, stores: 0, groups: 0 };
  for (const [statement, turn] of [...found].flatMap(([s, t]) => t.map((x) => [s, x] as const))) {
    const lanes = turn;
    for (let n = 0; n < lanes.length; n += TOGETHER) {
      const words = new Set(
        lanes.slice(n, n + TOGETHER).flatMap((first) => [0, 1, 2, 3].map((word) => first + word)),
      );
      const perBank = new Array<number>(BANKS).fill(0);
      for (const w of words) perBank[w % BANKS]! += 1;
      counted.groups += 1;
      counted[(statement as Stmt & { readonly kind: 'loads' | 'stores' }).kind] += Math.max(...perBank) - 1;
    }
  }
  return counted;
}

describe('banks of workgroup memory', () => {
  it.each([
    [64, 8, 2, 64],
    [64, 4, 2, 64],
    [64, 8, 1, 128],
    [32, 8, 2, 64],
    [48, 4, 2, 32],
    [40, 4, 1, 32],
    [128, 4, 1, 32],
  ])(
    'serve rows of %d elements at once: %d lanes a row, %d rows a lane of %d',
    (D, rowLanes, rows, lanes) => {
      const plan = laneTilesPlan({ ...NO_LIMITS, vectors: true }, lanes, rowLanes, rows);
      const { loads, stores, groups } = conflicts(D, plan);
      expect(groups).toBeGreaterThan(100);
      expect(loads).toBe(0);
      // Lanes that fill the end of one row and the beginning of the next step over the vector between them.
      if (D % 32 === 0) expect(stores).toBe(0);
    },
  );
});
