/**
 * Tightness: for the masks that people use, a tile of queries and keys is visited exactly if it holds a pair that is kept,
 * and counts as full exactly if all of its pairs are, whatever the sizes, params and shapes of tiles.
 */
import { describe, expect, it } from 'vitest';
import { compileExpr, type Evaluator } from '../../src/expr/evaluate.ts';
import { i32, op, variable, type Expr } from '../../src/expr/expr.ts';
import { fits } from '../../src/expr/fits.ts';
import { truthOf, type Box } from '../../src/expr/interval.ts';
import { printExpr } from '../../src/expr/print.ts';
import { solveFor } from '../../src/expr/solve.ts';

const v = (name: string): Expr => variable(name);
const [i, j, iy, ix, jy, jx] = [v('i'), v('j'), v('iy'), v('ix'), v('jy'), v('jx')] as const;
const n = i32;
const and = (...x: Expr[]): Expr => x.reduce((a, b) => op('and', a, b));
const or = (...x: Expr[]): Expr => x.reduce((a, b) => op('or', a, b));
const sub = (a: Expr, b: Expr): Expr => op('sub', a, b);
const div = (a: Expr, b: Expr): Expr => op('idiv', a, b);
const mod = (a: Expr, b: Expr): Expr => op('mod', a, b);
const le = (a: Expr, b: Expr): Expr => op('le', a, b);
const lt = (a: Expr, b: Expr): Expr => op('lt', a, b);
const eq = (a: Expr, b: Expr): Expr => op('eq', a, b);
const abs = (a: Expr): Expr => op('abs', a);
const distance = sub(i, j);
const causal = le(j, i);
const blocks = sub(div(i, v('bs')), div(j, v('bs')));
const clamped = (p: Expr, size: Expr): Expr => op('min', op('max', sub(p, v('r')), n(0)), sub(size, v('K')));
const near = (p: Expr, q: Expr, size: Expr): Expr =>
  and(le(n(0), sub(q, clamped(p, size))), lt(sub(q, clamped(p, size)), v('K')));
const sameWindow = (p: Expr, q: Expr): Expr => eq(div(sub(p, v('s')), v('w')), div(sub(q, v('s')), v('w')));

interface Mask {
  readonly keep: Expr;
  /** Values of each param, in all combinations. */
  readonly params?: Readonly<Record<string, readonly number[]>>;
  /** Some full tiles are not seen to be full: two blocks would have to be told apart by their residues. */
  readonly missesFull?: true;
}
/** Over queries i and keys j. */
const LINES: Readonly<Record<string, Mask>> = {
  causal: { keep: causal },
  'causal, ends aligned': { keep: le(j, op('add', i, sub(v('M'), v('N')))) },
  window: { keep: and(causal, lt(distance, v('w'))), params: { w: [-2, 0, 1, 3, 9, 100] } },
  band: { keep: le(abs(distance), v('w')), params: { w: [-1, 0, 2, 7, 50] } },
  'outside a band': { keep: lt(v('w'), abs(distance)), params: { w: [-1, 0, 2, 7, 50] } },
  'first keys and window': {
    keep: and(causal, or(lt(j, v('s')), lt(distance, v('w')))),
    params: { w: [0, 1, 4], s: [0, 1, 5] },
  },
  prefix: { keep: or(causal, lt(j, v('s'))), params: { s: [0, 3, 8, 99] } },
  dilated: { keep: eq(mod(distance, v('m')), n(0)), params: { m: [1, 2, 5, 30] } },
  'dilated window': {
    keep: and(le(abs(distance), v('w')), eq(mod(distance, v('m')), n(0))),
    params: { w: [-1, 0, 3, 8, 40], m: [1, 2, 5, 30] },
  },
  'strictly causal, dilated': {
    keep: and(lt(j, i), eq(mod(distance, v('m')), n(0))),
    params: { m: [1, 2, 5, 30] },
  },
  'same parity': { keep: eq(mod(i, n(3)), mod(j, n(3))) },
  blocks: { keep: eq(div(i, v('m')), div(j, v('m'))), params: { m: [1, 2, 5, 8, 60] } },
  'blocks before': { keep: le(div(j, v('m')), div(i, v('m'))), params: { m: [1, 2, 5, 8, 60] } },
  'blocks before, fixed': { keep: lt(div(j, n(6)), div(i, n(6))) },
  strided: {
    keep: and(causal, or(lt(distance, v('m')), eq(mod(distance, v('m')), n(0)))),
    params: { m: [1, 2, 5, 30] },
  },
  'last of each block': {
    keep: and(causal, or(eq(div(i, v('m')), div(j, v('m'))), le(sub(v('m'), v('c')), mod(j, v('m'))))),
    params: { m: [2, 5, 9], c: [1, 2] },
    missesFull: true,
  },
  'blocks at powers of two': {
    keep: and(
      causal,
      le(n(0), blocks),
      or(lt(div(j, v('bs')), v('s')), lt(blocks, v('w')), eq(op('bitand', blocks, sub(blocks, n(1))), n(0))),
    ),
    params: { bs: [1, 2, 3], s: [0, 1, 2], w: [0, 1, 3, 6] },
  },
  'causal blocks': { keep: and(eq(div(i, v('m')), div(j, v('m'))), causal), params: { m: [1, 2, 5, 8, 60] } },
  frames: { keep: le(div(j, v('p')), div(i, v('m'))), params: { m: [1, 4, 7], p: [1, 3, 8] } },
  'global tokens': {
    keep: or(lt(i, v('s')), lt(j, v('s')), le(abs(distance), v('w'))),
    params: { s: [0, 1, 6], w: [-1, 0, 4] },
  },
  'not the neighbours': { keep: and(causal, op('not', lt(distance, v('w')))), params: { w: [-1, 0, 2, 9] } },
  'every second block': { keep: eq(mod(sub(div(i, n(4)), div(j, n(4))), n(2)), n(1)) },
  'compressed keys': { keep: le(op('add', op('mul', j, n(4)), n(3)), i) },
  'first half sees itself': { keep: eq(lt(i, v('s')), lt(j, v('s'))), params: { s: [0, 7, 16, 80] } },
  'a corner': { keep: and(lt(j, v('s')), le(i, j)), params: { s: [0, 5, 12] } },
};
/** Over queries iy, ix and keys jy, jx. */
const PLANES: Readonly<Record<string, Mask>> = {
  'shifted neighbourhood': {
    keep: and(near(iy, jy, v('H')), near(ix, jx, v('W'))),
    params: { r: [0, 1, 2], K: [1, 3, 5] },
  },
  neighbourhood: {
    keep: and(le(abs(sub(iy, jy)), v('r')), le(abs(sub(ix, jx)), v('r'))),
    params: { r: [-1, 0, 2] },
  },
  'largest distance': {
    keep: le(op('max', abs(sub(iy, jy)), abs(sub(ix, jx))), v('r')),
    params: { r: [-1, 0, 2] },
  },
  'sum of distances': {
    keep: le(op('add', abs(sub(iy, jy)), abs(sub(ix, jx))), v('r')),
    params: { r: [-1, 0, 2, 3] },
  },
  dilated: {
    keep: and(
      le(abs(sub(iy, jy)), v('r')),
      le(abs(sub(ix, jx)), v('r')),
      eq(mod(sub(iy, jy), v('m')), n(0)),
      eq(mod(sub(ix, jx), v('m')), n(0)),
    ),
    params: { r: [2, 4], m: [1, 2, 3] },
  },
  'shifted windows': {
    keep: and(sameWindow(iy, jy), sameWindow(ix, jx)),
    params: { w: [2, 3, 4], s: [0, 1, -2] },
  },
  'same row or column': { keep: or(eq(iy, jy), eq(ix, jx)) },
  'rows before': { keep: or(lt(jy, iy), and(eq(jy, iy), le(jx, ix))) },
};

type Params = Readonly<Record<string, number>>;
function combinationsOf(params: Mask['params'] = {}): readonly Params[] {
  return Object.entries(params).reduce<readonly Params[]>(
    (found, [name, values]) => found.flatMap((f) => values.map((x) => ({ ...f, [name]: x }))),
    [{}],
  );
}

interface Axis {
  readonly name: string;
  readonly extent: number;
  readonly block: number;
  readonly row: boolean;
}

/** Compiles what is derived from a mask once; `frame` holds the values of all variables. */
class Analysed {
  private readonly names: string[];
  private readonly frame: Float64Array;
  private readonly keep: Evaluator;
  private readonly may: Evaluator;
  private readonly must: Evaluator;
  private readonly fits: Evaluator;
  private readonly loops: readonly {
    readonly axis: string;
    readonly ranges: readonly { readonly lo: Evaluator; readonly hi: Evaluator; readonly when: Evaluator }[];
  }[];

  constructor(
    private readonly mask: Mask,
    rows: readonly string[],
    stream: readonly string[],
  ) {
    const axes = [...rows, ...stream];
    this.names = [
      ...axes,
      ...axes.flatMap((a) => [`${a}.first`, `${a}.last`]),
      'N',
      'M',
      'H',
      'W',
      ...Object.keys(mask.params ?? {}),
    ];
    this.frame = new Float64Array(this.names.length);
    const box: Box = new Map(axes.map((a) => [a, { lo: v(`${a}.first`), hi: v(`${a}.last`) }]));
    const compiled = (e: Expr): Evaluator => compileExpr(e, { frame: this.frame, slot: (x) => this.slot(x) });
    const outer = new Set(rows);
    let rest = mask.keep;
    this.loops = stream.map((axis) => {
      const solved = solveFor(rest, axis, box, outer);
      outer.add(axis);
      rest = solved.rest;
      const ranges = solved.ranges.map((r) => ({
        lo: r.lo ? compiled(r.lo) : () => -Infinity,
        hi: r.hi ? compiled(r.hi) : () => Infinity,
        when: r.when ? compiled(r.when) : () => 1,
      }));
      return { axis, ranges };
    });
    const truth = truthOf(mask.keep, box);
    this.keep = compiled(mask.keep);
    this.may = compiled(truthOf(rest, box).may);
    this.must = compiled(truth.must);
    this.fits = compiled(fits(mask.keep, box, (x) => axes.includes(x.split('.')[0]!) || /^[A-Z]$/.test(x)));
  }

  private slot(name: string): number | undefined {
    const at = this.names.indexOf(name);
    return at < 0 ? undefined : at;
  }

  set(values: Params): void {
    for (const [name, x] of Object.entries(values)) this.frame[this.slot(name)!] = x;
  }

  /** Tiles for which analysis and enumeration differ. */
  differences(axes: readonly Axis[]): string[] {
    expect(this.fits()).toBe(1);
    const wrong: string[] = [];
    const tile = (at: number): void => {
      const axis = axes[at];
      if (axis) {
        for (let first = 0; first < axis.extent; first += axis.block) {
          this.set({
            [`${axis.name}.first`]: first,
            [`${axis.name}.last`]: Math.min(first + axis.block, axis.extent) - 1,
          });
          tile(at + 1);
        }
        return;
      }
      const ends = axes.map(
        (a) =>
          [this.frame[this.slot(`${a.name}.first`)!]!, this.frame[this.slot(`${a.name}.last`)!]!] as const,
      );
      const [some, every] = this.enumerate(axes, ends);
      const visited = this.loops.every(({ axis: name, ranges }) => {
        const [first, last] = ends[axes.findIndex((a) => a.name === name)]!;
        return ranges.some((r) => r.when() !== 0 && r.lo() <= last && r.hi() >= first);
      });
      const seen = [visited && this.may() !== 0, this.must() !== 0];
      const full = seen[1] === every || (this.mask.missesFull === true && !seen[1]);
      if (seen[0] !== some || !full)
        wrong.push(
          `${axes.map((a, x) => `${a.name} ${ends[x]!.join('–')}`).join(', ')}: visited ${seen[0]}, kept ${some}; full ${seen[1]}, is ${every}`,
        );
    };
    tile(0);
    return wrong;
  }

  private enumerate(
    axes: readonly Axis[],
    ends: readonly (readonly [number, number])[],
  ): readonly [boolean, boolean] {
    let [some, every] = [false, true];
    const go = (at: number): void => {
      if (at === axes.length) {
        if (this.keep() !== 0) some = true;
        else every = false;
        return;
      }
      for (let x = ends[at]![0]; x <= ends[at]![1] && (!some || every); x++) {
        this.frame[at] = x;
        go(at + 1);
      }
    };
    go(0);
    return [some, every];
  }
}

function check(
  mask: Mask,
  rows: readonly string[],
  stream: readonly string[],
  shapes: readonly (readonly [readonly number[], readonly number[]])[],
): void {
  const analysed = new Analysed(mask, rows, stream);
  const names = [...rows, ...stream];
  for (const params of combinationsOf(mask.params))
    for (const [extents, blocks] of shapes) {
      const axes = names.map((name, x): Axis => ({
        name,
        extent: extents[x]!,
        block: blocks[x]!,
        row: x < rows.length,
      }));
      const sizes: Params =
        rows.length === 1 ? { N: extents[0]!, M: extents[1]! } : { H: extents[0]!, W: extents[1]! };
      analysed.set({ ...sizes, ...params });
      const wrong = analysed.differences(axes);
      expect(
        wrong,
        `${printExpr(mask.keep)} with ${JSON.stringify(params)}, ${extents.join('×')} in ${blocks.join('×')}`,
      ).toEqual([]);
    }
}

describe('tiles along one axis', () => {
  for (const [name, mask] of Object.entries(LINES))
    it(name, () =>
      check(
        mask,
        ['i'],
        ['j'],
        [
          [
            [24, 24],
            [4, 4],
          ],
          [
            [20, 33],
            [8, 4],
          ],
          [
            [17, 9],
            [1, 3],
          ],
          [
            [31, 26],
            [5, 16],
          ],
        ],
      ),
    );
});

describe('tiles in a plane', () => {
  for (const [name, mask] of Object.entries(PLANES))
    it(name, () =>
      check(
        mask,
        ['iy', 'ix'],
        ['jy', 'jx'],
        [
          [
            [6, 7, 6, 7],
            [2, 4, 2, 4],
          ],
          [
            [5, 8, 5, 8],
            [3, 2, 1, 8],
          ],
        ],
      ),
    );
});
