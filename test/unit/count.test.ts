/** Counting tiles: ranges, tests, full tiles and shares, against a plain enumeration of the same bounds. */
import { describe, expect, it } from 'vitest';
import { bool, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { Interval } from '../../src/expr/solve.ts';
import { withSummaries } from '../../src/tile/count-summaries.ts';
import { countTiles, tileMap } from '../../src/tile/count.ts';
import type { StagePlan } from '../../src/tile/plan.ts';
import type { Bounds, Pass, Stage, TileAxis, TileProgram } from '../../src/tile/tile.ts';

const [B, N, M, w] = ['B', 'N', 'M', 'w'].map((n) => variable(n)) as [Expr, Expr, Expr, Expr];
const v = (name: string): Expr => variable(name);
const axis = (name: string, extent: Expr): TileAxis => ({ name, extent });
const everything: Bounds = { loops: [], fits: bool(true), may: bool(true), full: bool(false) };

function passOf(bounds?: Bounds): Pass {
  const none = { defs: [], operands: [], contractions: [], keeps: [], steps: [], stores: [], finish: [] };
  return { ...none, ...(bounds ? { bounds } : {}) };
}
interface Shape {
  readonly row?: readonly TileAxis[];
  readonly stream?: readonly TileAxis[];
  readonly plan?: Partial<StagePlan>;
  readonly part?: Stage['part'];
}
function stageOf(pass: Pass, { row, stream, plan, part }: Shape = {}): Stage {
  const batch = [axis('b', B), axis('h', i32(3)), ...(part ? [axis(part.axis, i32(part.of))] : [])];
  return {
    name: 'k',
    batch,
    row: row ?? [axis('i', N)],
    stream: stream ?? [axis('j', M)],
    vectors: [],
    prologue: [],
    rowOperands: [],
    passes: [pass],
    stores: [],
    plan: {
      arrangement: 'lane-rows',
      blockM: 16,
      blockN: 8,
      lanes: 16,
      operands: 'direct',
      fullTiles: 'apart',
      ...plan,
    },
    ...(part ? { part } : {}),
  };
}
const programOf = (...stages: Stage[]): TileProgram => ({
  name: 'k',
  sizes: ['B', 'N', 'M'],
  params: [{ name: 'w', type: 'i32' }],
  fixed: {},
  tensors: [],
  stages,
});
const overJ = (ranges: readonly Interval[], rest: Partial<Bounds> = {}): Bounds => ({
  ...everything,
  loops: [{ axis: 'j', ranges }],
  ...rest,
});

function count(bounds: Bounds | undefined, values: Record<string, number>, shape: Shape = {}) {
  const pass = passOf(bounds);
  const stage = stageOf(pass, shape);
  return countTiles(programOf(stage), stage, pass, { values });
}
/** The picture of one head, a row per block: `.` skipped, `o` partial, `#` full. */
function picture(bounds: Bounds, values: Record<string, number>, shape: Shape = {}, batch = {}): string[] {
  const pass = passOf(bounds);
  const stage = stageOf(pass, shape);
  const { states } = tileMap(programOf(stage), stage, pass, { values }, batch);
  return states.map((row) => row.map((s) => (s === 'skipped' ? '.' : s === 'partial' ? 'o' : '#')).join(''));
}

const WINDOW = overJ([{ lo: op('add', op('sub', v('i.first'), w), i32(1)), hi: v('i.last') }], {
  full: op('le', v('j.last'), v('i.first')),
});

describe('countTiles', () => {
  it('counts every tile of a pass without bounds', () => {
    const values = { B: 2, N: 33, M: 20, w: 0 };
    expect(count(undefined, values)).toEqual({ visited: 54, full: 0, partial: 54, total: 54, exact: true });
  });

  it('follows ranges', () => {
    expect(picture(WINDOW, { B: 1, N: 48, M: 48, w: 9 })).toEqual(['oo....', '.#oo..', '...#oo']);
    expect(count(WINDOW, { B: 2, N: 48, M: 48, w: 9 })).toMatchObject({ visited: 48, full: 12, total: 108 });
  });

  it('visits nothing in an empty range, past the end or where a condition fails', () => {
    expect(picture(WINDOW, { B: 1, N: 32, M: 10, w: 4 })).toEqual(['oo', '..']);
    expect(picture(overJ([{ lo: i32(5), hi: i32(3) }]), { B: 1, N: 16, M: 16, w: 0 })).toEqual(['..']);
    expect(picture(overJ([{ when: op('lt', v('b'), w) }]), { B: 2, N: 16, M: 16, w: 1 })).toEqual(['oo']);
    const second = picture(
      overJ([{ when: op('lt', v('b'), w) }]),
      { B: 2, N: 16, M: 16, w: 1 },
      {},
      { b: 1 },
    );
    expect(second).toEqual(['..']);
    expect(count(overJ([{ when: op('lt', v('b'), w) }]), { B: 5, N: 16, M: 16, w: 2 }).visited).toBe(12);
  });

  it('visits tiles of overlapping ranges once, in any order of the ranges', () => {
    const a: Interval = { lo: i32(20), hi: i32(40) };
    const b: Interval = { hi: i32(25) };
    const c: Interval = { lo: i32(60) };
    for (const ranges of [
      [a, b, c],
      [c, b, a],
      [b, c, a],
    ]) {
      expect(picture(overJ(ranges), { B: 1, N: 1, M: 70, w: 0 })).toEqual(['oooooo.oo']);
      expect(count(overJ(ranges), { B: 1, N: 1, M: 70, w: 0 }).visited).toBe(24);
    }
  });

  it('counts batches of which loops know the same once, and those apart that they read themselves', () => {
    const [heads, blocks] = [1000, 8];
    let reads = 0;
    const ends = Array.from({ length: heads * 16 * blocks }, () => 15);
    const pass = passOf(
      overJ([{ hi: op('min', read('last', [v('b')], 'i32'), read('end', [v('i.first')], 'i32')) }]),
    );
    const stage = stageOf(pass);
    const values = { B: heads, N: 16 * blocks, M: 24, w: 0 };
    const counted = new Proxy(ends, {
      get: (x, n) => ((reads += 1), Reflect.get(x, n) as number),
    });
    const tensors = {
      last: { shape: [heads], data: Array.from({ length: heads }, (_, b) => (b % 2 === 0 ? 7 : 20)) },
      end: { shape: [16 * blocks], data: counted },
    };
    // Of each 3 heads, 500 batches visit 1 tile in 8 blocks, and 500 visit 2.
    expect(countTiles(programOf(stage), stage, pass, { values, tensors }).visited).toBe(
      3 * 500 * 8 * (1 + 2),
    );
    expect(reads).toBe(2 * blocks);
    const own = passOf(overJ([{ hi: read('own', [v('b'), v('i.tile')], 'i32') }]));
    const ofOwn = { own: { shape: [3, 2], data: [0, 0, 0, 23, 23, 23] } };
    const facts = { values: { B: 3, N: 32, M: 24, w: 0 }, tensors: ofOwn };
    expect(countTiles(programOf(stageOf(own)), stageOf(own), own, facts).visited).toBe(3 * (2 + 4 + 6));
  });

  it('tests tiles inside the ranges', () => {
    const even = overJ([{ hi: v('i.last') }], { may: op('eq', op('mod', v('j.tile'), i32(2)), i32(0)) });
    expect(picture(even, { B: 1, N: 32, M: 32, w: 0 })).toEqual(['o...', 'o.o.']);
  });

  it('visits everything and believes no tile full where integers could overflow', () => {
    const bounds = { ...WINDOW, fits: op('lt', w, i32(100)) };
    expect(count(bounds, { B: 1, N: 48, M: 48, w: 100 })).toMatchObject({ visited: 54, full: 0 });
  });

  it('counts boxes along several axes, inner ranges depending on outer tiles', () => {
    const shape: Shape = {
      row: [axis('y', N), axis('x', N)],
      stream: [axis('s', M), axis('t', M)],
      plan: { rowShape: [4, 4], streamShape: [4, 2] },
    };
    const bounds: Bounds = {
      ...everything,
      loops: [
        { axis: 's', ranges: [{ lo: v('y.first'), hi: v('y.last') }] },
        { axis: 't', ranges: [{ lo: v('s.first'), hi: op('max', v('x.last'), v('s.last')) }] },
      ],
    };
    expect(picture(bounds, { B: 1, N: 5, M: 6, w: 0 }, shape)).toEqual([
      'oo....',
      'ooo...',
      '.....o',
      '.....o',
    ]);
  });

  it('keeps apart what moves with different loops', () => {
    const shape: Shape = {
      row: [axis('y', N), axis('x', N)],
      stream: [axis('s', N), axis('t', N)],
      plan: { rowShape: [2, 2], streamShape: [2, 2] },
    };
    const near = (a: string, b: string): Expr => {
      const reach = (x: string, y: string): Expr =>
        op('le', v(`${x}.first`), op('add', v(`${y}.last`), op('idiv', w, i32(2))));
      return op('and', reach(a, b), reach(b, a));
    };
    const bounds: Bounds = { ...everything, loops: [], may: op('and', near('y', 's'), near('x', 't')) };
    const line = ['##.', '###', '.##'];
    const wanted = line.flatMap((y) =>
      line.map((x) =>
        [...y].map((a) => [...x].map((c) => (a === c && a === '#' ? 'o' : '.')).join('')).join(''),
      ),
    );
    expect(picture(bounds, { B: 1, N: 6, M: 0, w: 3 }, shape)).toEqual(wanted);
  });

  it('takes the outermost axis of a flattened stream for its number', () => {
    const shape: Shape = { stream: [axis('s', M), axis('t', i32(3))] };
    const bounds: Bounds = {
      ...everything,
      loops: [{ axis: 's', ranges: [{ lo: i32(3), hi: i32(5) }] }],
      full: op('lt', v('s.first'), v('s.last')),
    };
    expect(picture(bounds, { B: 1, N: 1, M: 10, w: 0 }, shape)).toEqual(['.##.']);
  });

  it('counts the shares of a divided stream together', () => {
    const shape: Shape = { part: { axis: 'share', of: 4 } };
    const values = { B: 2, N: 48, M: 48, w: 9 };
    expect(count(WINDOW, values, shape)).toEqual(count(WINDOW, values));
  });

  it('bounds what depends on tensors that are not given', () => {
    const length = read('length', [v('b')], 'i32');
    const bounds = overJ([{ hi: op('min', length, v('i.last')) }], { full: op('lt', v('j.last'), length) });
    const pass = passOf(bounds);
    const stage = stageOf(pass);
    const program = programOf(stage);
    const values = { B: 2, N: 32, M: 32, w: 0 };
    expect(countTiles(program, stage, pass, { values })).toEqual({
      visited: 36,
      full: 0,
      partial: 36,
      total: 48,
      exact: false,
    });
    const tensors = { length: { shape: [2], data: [9, 25] } };
    // Lengths 9 and 25: two of two and two tiles, then two and four; tiles before the length are full.
    expect(countTiles(program, stage, pass, { values, tensors })).toEqual({
      visited: 3 * (2 + 2 + 2 + 4),
      full: 3 * (1 + 1 + 2 + 3),
      partial: 9,
      total: 48,
      exact: true,
    });
  });

  it('reads what earlier stages summarise', () => {
    const at = op('add', op('mul', v('j.tile'), i32(8)), v('j.at'));
    const id = read('id', [v('b'), at], 'i32');
    const step = (name: 'min' | 'max') =>
      ({ kind: 'fold', name, op: name, type: 'i32', value: id, keep: 'keep' }) as const;
    const summary: Stage = {
      ...stageOf({
        ...passOf(),
        keeps: [{ name: 'keep', where: op('lt', at, M) }],
        steps: [step('min'), step('max')],
      }),
      name: 'summary',
      batch: [axis('b', B)],
      row: [axis('j.tile', op('idiv', op('add', M, i32(7)), i32(8)))],
      stream: [axis('j.at', i32(8))],
      stores: (['min', 'max'] as const).map((name, n) => ({
        output: 'ws.id',
        site: 'row',
        vectors: [],
        value: read(name, [], 'i32'),
        indices: [n, 'b', 'j.tile'],
      })),
    };
    const ends = (n: number): Expr => read('ws.id', [i32(n), v('b'), v('j.tile')], 'i32');
    const bounds = overJ([{}], {
      may: op('and', op('le', ends(0), w), op('le', w, ends(1))),
      full: op('and', op('eq', ends(0), w), op('eq', ends(1), w)),
    });
    const pass = passOf(bounds);
    const stage = stageOf(pass);
    const shape = [i32(2), B, op('idiv', op('add', M, i32(7)), i32(8))];
    const program: TileProgram = {
      ...programOf(summary, stage),
      tensors: [
        { name: 'ws.id', role: 'workspace', storage: 'i32', shape, axes: [undefined, 'b', undefined] },
      ],
    };
    const data = Array.from({ length: 40 }, (_, n) =>
      n < 20 ? Math.floor(n / 4) : 2 + Math.floor((n - 20) / 9),
    );
    const facts = withSummaries(program, {
      values: { B: 2, N: 1, M: 20, w: 2 },
      tensors: { id: { shape: [2, 20], data } },
    });
    expect([...(facts.tensors!['ws.id']!.data as Float64Array)]).toEqual([
      0, 2, 4, 2, 2, 3, 1, 3, 4, 2, 3, 4,
    ]);
    expect(countTiles(program, stage, pass, facts)).toEqual({
      visited: 9,
      full: 3,
      partial: 6,
      total: 18,
      exact: true,
    });
    // Without the data the summaries are unknown too.
    expect(countTiles(program, stage, pass, { values: facts.values })).toMatchObject({
      visited: 18,
      exact: false,
    });
  });

  it('counts long streams in little time', () => {
    const plan = { blockM: 64, blockN: 32 };
    // The processor's time: other tests run beside this one.
    const started = process.cpuUsage();
    const narrow = count(WINDOW, { B: 1, N: 131_072, M: 131_072, w: 1024 }, { plan });
    const wide = count(WINDOW, { B: 1, N: 131_072, M: 131_072, w: 131_072 }, { plan });
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(4000);
    // 1,024 + 63 keys, in 34 tiles, for each of 2,048 blocks in 3 heads; the first 16 miss 32, 30, … 2.
    expect(narrow.visited).toBe(3 * (2048 * 34 - 272));
    expect(wide.visited).toBe(3 * 2048 * 2049);
  });
});
