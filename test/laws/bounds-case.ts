/** Random predicates as kernels: a sum over the pairs that the predicate keeps, in tiles of any shape. */
import fc from 'fast-check';
import { i32, read, substitute, variable, type Expr } from '../../src/expr/expr.ts';
import { printExpr } from '../../src/expr/print.ts';
import type { IrKernel } from '../../src/ir/ir.ts';
import { normalizeIr, scheduleTile } from '../../src/pipeline.ts';
import type { TensorData } from '../../src/tile/count-facts.ts';
import { tileProgram } from '../../src/tile/from-ir.ts';
import type { StagePlan } from '../../src/tile/plan.ts';
import type { Stage, TileAxis, TileProgram } from '../../src/tile/tile.ts';
import { masks, predicates } from '../support/predicate-arbitrary.ts';
import { GPU } from './lowering.ts';

export interface MaskCase {
  /** Over rows i and k, stream positions j and l, params w and m, and data u of a row and v of a stream position. */
  readonly predicate: Expr;
  readonly extents: readonly [number, number, number, number];
  /** Positions of a tile along i, k, j and l. */
  readonly block: readonly [number, number, number, number];
  readonly boxed: boolean;
  readonly w: number;
  readonly m: number;
  readonly data: readonly number[];
}

const small = fc.integer({ min: -3, max: 12 });
const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const length = fc.constantFrom(1, 2, 2, 4);
const casesOf = (predicate: fc.Arbitrary<Expr>): fc.Arbitrary<MaskCase> =>
  fc.record({
    predicate,
    extents: fc.oneof(
      fc.tuple(
        fc.integer({ min: 1, max: 20 }),
        fc.constant(1),
        fc.integer({ min: 1, max: 20 }),
        fc.constant(1),
      ),
      fc.tuple(upTo(6), upTo(4), upTo(6), upTo(4)),
    ),
    block: fc.tuple(length, length, length, length),
    boxed: fc.boolean(),
    // Near the ends of 32 bits, sums wrap around: then nothing may be concluded.
    w: fc.oneof(
      { weight: 12, arbitrary: small },
      fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 2 ** 30, 5 - 2 ** 31),
    ),
    m: fc.integer({ min: -2, max: 6 }),
    data: fc.array(fc.integer({ min: -4, max: 6 }), { minLength: 24, maxLength: 24 }),
  });

/** Conditions that masks are made of, together. */
export const maskCases = casesOf(masks);
/** Any predicate of the language. */
export const anyCases = casesOf(predicates);

const SIZES = { i: 'N', k: 'K', j: 'M', l: 'L' } as const;
export const AXIS_NAMES = ['i', 'k', 'j', 'l'] as const;

/** y[i, k] = Σ over j and l of x[j, l], where the predicate holds. */
function kernel(predicate: Expr): IrKernel {
  const v = (name: string): Expr => variable(name);
  const dim = (a: keyof typeof SIZES) => ({ axis: a, extent: v(SIZES[a]) });
  const where = substitute(
    predicate,
    new Map<string, Expr>([
      ['u', read('u', [v('i'), v('k'), i32(0)], 'i32')],
      ['v', read('v', [v('j'), v('l'), i32(0)], 'i32')],
    ]),
  );
  const tensor = (name: string, storage: 'f32' | 'i32', ...axes: (keyof typeof SIZES)[]) => ({
    name,
    storage,
    // A last dimension of one element: axes that are innermost in memory could become vectors.
    dims: [...axes.map(dim), { extent: i32(1) }],
    optional: false,
  });
  const sum: Expr = {
    kind: 'reduce',
    type: 'f32',
    op: 'sum',
    axes: ['j', 'l'],
    where,
    body: read('x', [v('i'), v('j'), v('l'), i32(0)]),
  };
  return {
    name: 'law',
    sizes: Object.values(SIZES),
    axes: AXIS_NAMES.map((name) => ({ name, extent: v(SIZES[name]) })),
    params: (['w', 'm'] as const).map((name) => ({ name, type: 'i32' })),
    requires: [],
    tensors: [tensor('x', 'f32', 'i', 'j', 'l'), tensor('u', 'i32', 'i', 'k'), tensor('v', 'i32', 'j', 'l')],
    states: [],
    masks: [where],
    defs: [{ name: 'y', role: 'out', indices: ['i', 'k'], type: 'f32', value: sum }],
    outputs: [{ name: 'y', storage: 'f32', def: 'y', indices: ['i', 'k'] }],
  };
}

function planOf(c: MaskCase, s: Stage): StagePlan {
  const shape = (axes: readonly TileAxis[]): number[] =>
    axes.map((a) => c.block[AXIS_NAMES.indexOf(a.name as 'i')]!);
  const product = (xs: readonly number[]): number => xs.reduce((a, b) => a * b, 1);
  const [row, stream] = [shape(s.row), shape(s.stream)];
  return {
    arrangement: 'lane-rows',
    blockM: product(row),
    blockN: product(stream),
    lanes: product(row),
    operands: 'direct',
    fullTiles: 'apart',
    ...(c.boxed ? { rowShape: row, streamShape: stream } : {}),
  };
}

/** The tiled program of a case, through all passes; the last stage holds the predicate. */
export function scheduledCase(c: MaskCase, split?: number): TileProgram {
  const plain = tileProgram(normalizeIr(kernel(c.predicate), { fixed: {}, limits: GPU }), {});
  const plans = plain.stages.map((s) => ({ ...planOf(c, s), ...(split ? { split } : {}) }));
  return scheduleTile(plain, { fixed: {}, limits: GPU, plans });
}

/** Sizes and params of a case. */
export function valuesOf(c: MaskCase): Record<string, number> {
  const [N, K, M, L] = c.extents;
  return { N, K, M, L, w: c.w, m: c.m };
}

/** The tensors of a case. */
export function tensorsOf(c: MaskCase): Record<string, TensorData> {
  const [N, K, M, L] = c.extents;
  const grid = (rows: number, columns: number): TensorData => ({
    shape: [rows, columns, 1],
    data: Array.from({ length: rows * columns }, (_, n) => c.data[n % c.data.length]!),
  });
  return { u: grid(N, K), v: grid(M, L) };
}

export const caseText = (c: MaskCase): string =>
  `${printExpr(c.predicate)} with ${JSON.stringify({ ...c, predicate: undefined })}`;
