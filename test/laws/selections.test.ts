/**
 * Laws of selections: as sums over what comes before they take what the order says, and kernels that run through lists of
 * tiles compute what the definitions say.
 */
import { describe, it } from 'vitest';
import { i32, op, visit } from '../../src/expr/expr.ts';
import { isSelection } from '../../src/expr/ops.ts';
import { parseUnit } from '../../src/expr/matrix-unit.ts';
import { defaultPlan, type PlanLimits, type StagePlan } from '../../src/tile/plan.ts';
import type { Bounds, Stage, TileList, TileProgram } from '../../src/tile/tile.ts';
import { boundedSelections, selections } from '../support/selection-arbitrary.ts';
import type { SpecCase } from '../support/spec-arbitrary.ts';
import { prepare, type Prepared } from './case.ts';
import { editFirst, meansTheSame, through, type Edit } from './ir-law.ts';
import { catches, demand, holds } from './law.ts';
import { GPU, lowersRightly, type Damage, type Target } from './lowering.ts';

const expanded =
  (damage: Edit = (k) => k) =>
  (c: SpecCase): void => {
    const p = prepare(c);
    const after = damage(through(['expand-reductions'], p));
    for (const d of after.defs)
      visit(d.value, (e) =>
        demand(e.kind !== 'reduce' || !isSelection(e.op), () => `${d.name} still holds a selection`),
      );
    meansTheSame(p, p.ir, after, c);
  };

describe('expand-selections', () => {
  it('keeps the meaning', () => holds(selections, expanded(), 150));

  it('notices equal values that come in another order', () => {
    const damage = editFirst((e) =>
      e.kind === 'op' && e.op === 'and' && e.args[0]!.kind === 'op' && e.args[0]!.op === 'eq'
        ? { ...e, args: [e.args[0]!, { kind: 'const', type: 'bool', value: 0 }] }
        : undefined,
    );
    return catches(selections, expanded(damage), 240);
  });
  it('notices elements that do not exist and are compared', () => {
    const damage = editFirst((e) => {
      if (e.kind !== 'reduce' || !e.where || e.axes.some((a) => !a.startsWith('c'))) return undefined;
      const { where: _, ...rest } = e;
      return rest;
    });
    return catches(selections, expanded(damage), 240);
  });
});

const BLOCKS = [1, 2, 4, 8] as const;

/** Small tiles, so that there are lists with something left out. */
const target =
  (c: SpecCase) =>
  (p: Prepared): Target => {
    const rows = BLOCKS[c.seed % 4]!;
    const direct = c.seed % 3 === 0;
    return {
      limits: direct ? { ...GPU, subgroup: 8, software: true } : GPU,
      fixed: (c.seed >> 4) % 2 === 0 ? p.required : p.sizes,
      plan: (s): StagePlan => ({
        arrangement: 'lane-rows',
        blockM: rows,
        blockN: s.stream.length === 0 ? 1 : BLOCKS[(c.seed >> 5) % 4]!,
        lanes: rows,
        operands: direct || s.stream.length === 0 ? 'direct' : 'workgroup',
        fullTiles: c.seed % 7 < 4 ? 'apart' : 'together',
        dataRanges: 'stored',
        ...((c.seed >> 7) % 4 === 0 ? { split: 2 } : {}),
        ...((c.seed >> 9) % 2 === 0 ? { lists: 'queries' as const } : {}),
      }),
    };
  };

const lowered =
  (damage?: Damage) =>
  (c: SpecCase): void =>
    lowersRightly(c, target(c), damage);

const withBounds =
  (change: (b: Bounds) => Partial<Bounds>) =>
  (p: TileProgram): TileProgram => ({
    ...p,
    stages: p.stages.map((s): Stage => ({
      ...s,
      passes: s.passes.map((x) =>
        x.bounds?.list ? { ...x, bounds: { ...x.bounds, ...change(x.bounds) } } : x,
      ),
    })),
  });
const withList = (change: (l: TileList) => Partial<TileList>): ((p: TileProgram) => TileProgram) =>
  withBounds((b) => ({ list: { ...b.list!, ...change(b.list!) } }));

describe('lists of tiles', () => {
  it('hold every tile that has something to keep', { timeout: 180_000 }, () =>
    holds(selections, lowered(), 120),
  );

  it('notice a tile that is not visited', () =>
    catches(
      selections,
      lowered({ scheduled: withList((l) => ({ count: op('sub', l.count, i32(1)) })) }),
      240,
    ));
  it('notice tiles in whose place another is visited', () =>
    catches(selections, lowered({ scheduled: withList((l) => ({ tile: atFirst(l) })) }), 240));
  it('notice tiles that are taken for full', () =>
    catches(selections, lowered({ scheduled: withBounds((b) => ({ full: op('not', b.full) })) }), 240));
});

const isGroup = (s: Stage): boolean => s.batch.some((a) => a.name === 'i.group');

/** All stages that can be are made of rows that selected the same block. */
const byQueries =
  (damage: (p: TileProgram) => TileProgram = (p) => p) =>
  (c: SpecCase): void =>
    lowersRightly(
      c,
      (p) => {
        const { plan, ...to } = target(c)(p);
        return { ...to, plan: (s) => ({ ...plan!(s), lists: 'queries' as const }) };
      },
      {
        scheduled: (p) => {
          demand(p.stages.some(isGroup), () => `no stage has groups of queries: ${c.text}`);
          return damage(p);
        },
      },
    );

/** Devices whose lanes load rows for each other. */
const SHARED: readonly PlanLimits[] = [
  { ...GPU, workgroupBytes: 49152, mma: true },
  { ...GPU, vectors: true },
  {
    ...GPU,
    vectors: true,
    workgroupBytes: 32768,
    nativeF16: true,
    exchanges: true,
    matrixUnits: [parseUnit('f16-f32:8x8x8')!],
  },
];

const changed =
  (change: (s: Stage) => Stage) =>
  (p: TileProgram): TileProgram => ({ ...p, stages: p.stages.map(change) });

describe('lists of queries', () => {
  it('hold every query that selected a block', { timeout: 180_000 }, () =>
    holds(boundedSelections, byQueries(), 120),
  );

  it('hold them for lanes that load rows for each other', { timeout: 180_000 }, async () => {
    const arrangements = new Map<string, number>();
    const law = (c: SpecCase): void => {
      const limits = SHARED[c.seed % SHARED.length]!;
      lowersRightly(
        { ...c, text: c.text.replaceAll(/in ([qkv]): f32/g, 'in $1: f16') },
        (p) => ({
          limits,
          fixed: c.seed % 3 === 0 ? p.required : p.sizes,
          plan: (s) => ({ ...defaultPlan(s, limits, p.sizes), lists: 'queries' as const }),
        }),
        {
          scheduled: (p) => {
            const group = p.stages.find((s) => isGroup(s) && s.passes.some((x) => x.operands.length > 0));
            const kind = group?.plan?.arrangement ?? 'none';
            arrangements.set(kind, (arrangements.get(kind) ?? 0) + 1);
            return p;
          },
        },
        { operands: 'f16' },
      );
    };
    await holds(boundedSelections, law, 80);
    for (const kind of ['warp-matrix', 'lane-tiles', 'subgroup-matrix'])
      demand((arrangements.get(kind) ?? 0) > 10, () => `${kind}: ${JSON.stringify([...arrangements])}`);
  });

  it('notice queries in whose place others are', () =>
    catches(
      boundedSelections,
      byQueries(
        changed((s) => ({
          ...s,
          prologue: s.prologue.map((d) =>
            d.name === 'i.query' && d.value.kind === 'read' ? { ...d, value: op('sub', d.value, i32(1)) } : d,
          ),
        })),
      ),
      240,
    ));
  it('notice a block of a query that is not merged', () =>
    catches(
      boundedSelections,
      byQueries(
        changed((s) => ({
          ...s,
          stream: s.stream.map((a) =>
            a.name === 'i.nth' ? { ...a, extent: op('sub', a.extent, i32(1)) } : a,
          ),
        })),
      ),
      240,
    ));
});

/** The first tile, whatever the place. */
function atFirst({ tile }: TileList): TileList['tile'] {
  if (tile.kind !== 'read') throw new Error('a list is read');
  return { ...tile, index: [...tile.index.slice(0, -1), i32(1)] };
}
