/** Small programs in Kernel IR, written by hand, that exercise what the CUDA back-end prints. */
import { bool, constant, f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { STORAGE, type StorageType } from '../../src/expr/types.ts';
import {
  arrayS,
  assign,
  BARRIER,
  comment,
  forS,
  ifS,
  LANE,
  ldmatrix,
  letS,
  mma,
  shuffle,
  store,
  varS,
  WORKGROUP,
} from '../../src/kernel/build.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';

const v = variable;
const add = (a: Expr, b: Expr): Expr => op('add', a, b);
const mul = (a: Expr, b: Expr): Expr => op('mul', a, b);
const lt = (a: Expr, b: Expr): Expr => op('lt', a, b);
const ceilDiv = (a: Expr, b: number): Expr => op('quot', add(a, i32(b - 1)), i32(b));
const size = (name: string) => ({ name, type: 'i32' as const });

/** y[i] = a * x[i] + b[i], with the given storage of all tensors. */
export function axpy(storage: StorageType): Program {
  const N = v('N');
  const kernel: Kernel = {
    name: 'axpy',
    doc: 'One element per lane.',
    buffers: [
      { name: 'x', storage, access: 'read', elements: N },
      { name: 'b', storage, access: 'read', elements: N },
      { name: 'y', storage, access: 'write', elements: N },
    ],
    uniforms: [size('N'), { name: 'a', type: 'f32' }],
    shared: [],
    lanes: 64,
    grid: ceilDiv(N, 64),
    body: [
      letS('i', add(mul(WORKGROUP, i32(64)), LANE)),
      ifS(lt(v('i'), N), [
        store('y', v('i'), op('fma', v('a', 'f32'), read('x', [v('i')]), read('b', [v('i')]))),
      ]),
    ],
  };
  return {
    name: 'axpy',
    kernels: [kernel],
    inputs: [
      { name: 'x', storage, shape: [N] },
      { name: 'b', storage, shape: [N] },
    ],
    outputs: [{ name: 'y', storage, shape: [N] }],
    workspace: [],
    uniforms: [size('N'), { name: 'a', type: 'f32' }],
    fixed: {},
  };
}

export interface Flaws {
  /** Leaves out the barrier between two halving steps. */
  readonly noBarrier?: boolean;
  /** Reads one element past the end of the buffer. */
  readonly readPastEnd?: boolean;
}

/** Row sums of x[R, N] in two launches: parts of 256 elements into workspace, then their sum. */
export function rowSums(flaws: Flaws = {}): Program {
  const [R, N, P] = [v('R'), v('N'), ceilDiv(v('N'), 256)];
  const limit = flaws.readPastEnd ? add(N, i32(1)) : N;
  const halving: Stmt[] = [
    varS('half', i32(64)),
    forS('step', { to: i32(7), unroll: true }, [
      ifS(lt(LANE, v('half')), [
        store('part', LANE, add(read('part', [LANE]), read('part', [add(LANE, v('half'))]))),
      ]),
      ...(flaws.noBarrier ? [] : [BARRIER]),
      assign('half', op('quot', v('half'), i32(2))),
    ]),
  ];
  const parts: Kernel = {
    name: 'row_sums.parts',
    buffers: [
      { name: 'x', storage: 'f32', access: 'read', elements: mul(R, N) },
      { name: 'sums.part', storage: 'f32', access: 'write', elements: mul(R, P) },
    ],
    uniforms: [size('R'), size('N')],
    shared: [{ name: 'part', storage: 'f32', length: 128 }],
    lanes: 128,
    grid: mul(R, P),
    body: [
      letS('P', P),
      letS('row', op('quot', WORKGROUP, v('P'))),
      letS('start', mul(op('rem', WORKGROUP, v('P')), i32(256))),
      varS('acc', f32(0)),
      forS(
        'i',
        { from: add(v('start'), LANE), to: op('min', limit, add(v('start'), i32(256))), step: i32(128) },
        [assign('acc', add(v('acc', 'f32'), read('x', [add(mul(v('row'), N), v('i'))])))],
      ),
      store('part', LANE, v('acc', 'f32')),
      BARRIER,
      comment('Halve the number of lanes until one holds the sum.'),
      ...halving,
      ifS(op('eq', LANE, i32(0)), [store('sums.part', WORKGROUP, read('part', [i32(0)]))]),
    ],
  };
  const total: Kernel = {
    name: 'row_sums.total',
    buffers: [
      { name: 'sums.part', storage: 'f32', access: 'read', elements: mul(R, P) },
      { name: 'y', storage: 'f32', access: 'write', elements: R },
    ],
    uniforms: [size('R'), size('N')],
    shared: [],
    lanes: 32,
    grid: R,
    body: [
      letS('P', P),
      varS('acc', f32(0)),
      forS('i', { from: LANE, to: v('P'), step: i32(32) }, [
        assign('acc', add(v('acc', 'f32'), read('sums.part', [add(mul(WORKGROUP, v('P')), v('i'))]))),
      ]),
      ...[16, 8, 4, 2, 1].flatMap((xor): Stmt[] => [
        shuffle(`other${xor}`, v('acc', 'f32'), xor),
        assign('acc', add(v('acc', 'f32'), v(`other${xor}`, 'f32'))),
      ]),
      ifS(op('eq', LANE, i32(0)), [store('y', WORKGROUP, v('acc', 'f32'))]),
    ],
  };
  return {
    name: 'row_sums',
    kernels: [parts, total],
    inputs: [{ name: 'x', storage: 'f32', shape: [R, N] }],
    outputs: [{ name: 'y', storage: 'f32', shape: [R] }],
    workspace: [{ name: 'sums.part', storage: 'f32', shape: [R, P] }],
    uniforms: [size('R'), size('N')],
    fixed: {},
  };
}

/** c[M, N] = Σ_k a[M, k] · b[N, k], by tiles of 16 × 16 with two elements of c per lane; k = D is fixed. */
export function tiledMatmul(D: number, storage: StorageType): Program {
  const [M, N, dim] = [v('M'), v('N'), v('D')];
  const inside = (row: Expr, rows: Expr, k: Expr): Expr => op('and', lt(row, rows), lt(k, dim));
  const load = (shared: string, from: string, first: Expr, rows: Expr): Stmt =>
    forS('e', { from: LANE, to: i32(256), step: i32(128) }, [
      letS('r', add(first, op('quot', v('e'), i32(16)))),
      letS('k', add(v('k0'), op('rem', v('e'), i32(16)))),
      letS('at', add(mul(v('r'), dim), v('k'))),
      store(
        shared,
        add(mul(op('quot', v('e'), i32(16)), i32(17)), op('rem', v('e'), i32(16))),
        op('select', inside(v('r'), rows, v('k')), read(from, [v('at')]), f32(0)),
      ),
    ]);
  const kernel: Kernel = {
    name: 'matmul',
    buffers: [
      { name: 'a', storage, access: 'read', elements: mul(M, dim) },
      { name: 'b', storage, access: 'read', elements: mul(N, dim) },
      { name: 'c', storage: 'f32', access: 'write', elements: mul(M, N) },
    ],
    uniforms: [size('M'), size('N')],
    shared: [
      { name: 'as', storage, length: 16 * 17 },
      { name: 'bs', storage, length: 16 * 17 },
    ],
    lanes: 128,
    grid: mul(ceilDiv(M, 16), ceilDiv(N, 16)),
    body: [
      letS('tiles', ceilDiv(N, 16)),
      letS('m0', mul(op('quot', WORKGROUP, v('tiles')), i32(16))),
      letS('n0', mul(op('rem', WORKGROUP, v('tiles')), i32(16))),
      arrayS('acc', 'f32', 2),
      forS('k0', { to: dim, step: i32(16) }, [
        load('as', 'a', v('m0'), M),
        load('bs', 'b', v('n0'), N),
        BARRIER,
        forS('k', { to: i32(16) }, [
          forS('p', { to: i32(2), unroll: true }, [
            letS('row', add(op('quot', LANE, i32(16)), mul(v('p'), i32(8)))),
            store(
              'acc',
              v('p'),
              op(
                'fma',
                read('as', [add(mul(v('row'), i32(17)), v('k'))]),
                read('bs', [add(mul(op('rem', LANE, i32(16)), i32(17)), v('k'))]),
                read('acc', [v('p')]),
              ),
            ),
          ]),
        ]),
        BARRIER,
      ]),
      forS('p', { to: i32(2), unroll: true }, [
        letS('m', add(add(v('m0'), op('quot', LANE, i32(16))), mul(v('p'), i32(8)))),
        letS('n', add(v('n0'), op('rem', LANE, i32(16)))),
        ifS(op('and', lt(v('m'), M), lt(v('n'), N)), [
          store('c', add(mul(v('m'), N), v('n')), read('acc', [v('p')])),
        ]),
      ]),
    ],
  };
  return {
    name: 'matmul',
    kernels: [kernel],
    inputs: [
      { name: 'a', storage, shape: [M, dim] },
      { name: 'b', storage, shape: [N, dim] },
    ],
    outputs: [{ name: 'c', storage: 'f32', shape: [M, N] }],
    workspace: [],
    uniforms: [size('M'), size('N')],
    fixed: { D },
  };
}

/**
 * c[16, 8] = a[16, 16] · bᵀ on one warp with tensor cores. b is [8, 16]; where `transposed`, it is given as [16, 8].
 */
export function mmaTile(storage: 'f16' | 'bf16', transposed: boolean): Program {
  const group = op('quot', LANE, i32(4));
  const pair = mul(op('rem', LANE, i32(4)), i32(2));
  const rowOf = (matrix: Expr, columns: number): Expr =>
    add(mul(matrix, i32(columns)), op('rem', LANE, i32(8)));
  const matrix = op('quot', LANE, i32(8));
  // Matrices 0…3 of a: rows 0-7 and 8-15 of columns 0-7, then of columns 8-15.
  const aRow = rowOf(op('rem', matrix, i32(2)), 8);
  const aIndex = add(mul(aRow, i32(24)), mul(op('quot', matrix, i32(2)), i32(8)));
  // Two matrices of b, each given twice because the load always brings four.
  const half = op('rem', matrix, i32(2));
  const bIndex = transposed
    ? mul(rowOf(half, 8), i32(24))
    : add(mul(op('rem', LANE, i32(8)), i32(24)), mul(half, i32(8)));
  const [bRows, bCols] = transposed ? [16, 8] : [8, 16];
  const fill = (shared: string, from: string, rows: number, cols: number): Stmt =>
    forS('e', { from: LANE, to: i32(rows * cols), step: i32(32) }, [
      store(
        shared,
        add(mul(op('quot', v('e'), i32(cols)), i32(24)), op('rem', v('e'), i32(cols))),
        read(from, [v('e')]),
      ),
    ]);
  const kernel: Kernel = {
    name: 'mma_tile',
    buffers: [
      { name: 'a', storage, access: 'read', elements: i32(256) },
      { name: 'b', storage, access: 'read', elements: i32(128) },
      { name: 'c', storage: 'f32', access: 'write', elements: i32(128) },
    ],
    uniforms: [],
    shared: [
      { name: 'as', storage, length: 16 * 24 },
      { name: 'bs', storage, length: 16 * 24 },
    ],
    lanes: 32,
    grid: i32(1),
    body: [
      fill('as', 'a', 16, 16),
      fill('bs', 'b', bRows!, bCols!),
      BARRIER,
      arrayS('af', 'u32', 4),
      arrayS('bf', 'u32', 4),
      arrayS('acc', 'f32', 4),
      ldmatrix({ into: 'af', intoOffset: i32(0), shared: 'as', index: aIndex, transpose: false }),
      ldmatrix({ into: 'bf', intoOffset: i32(0), shared: 'bs', index: bIndex, transpose: transposed }),
      mma({ storage, d: 'acc', dOffset: i32(0), a: 'af', aOffset: i32(0), b: 'bf', bOffset: i32(0) }),
      forS('n', { to: i32(4), unroll: true }, [
        letS('row', add(group, mul(op('quot', v('n'), i32(2)), i32(8)))),
        letS('col', add(pair, op('rem', v('n'), i32(2)))),
        store('c', add(mul(v('row'), i32(8)), v('col')), read('acc', [v('n')])),
      ]),
    ],
  };
  return {
    name: 'mma_tile',
    kernels: [kernel],
    inputs: [
      { name: 'a', storage, shape: [i32(16), i32(16)] },
      { name: 'b', storage, shape: [i32(bRows!), i32(bCols!)] },
    ],
    outputs: [{ name: 'c', storage: 'f32', shape: [i32(16), i32(8)] }],
    workspace: [],
    uniforms: [],
    fixed: {},
  };
}

/** One lane per element of `x` (and of `y`): out[n] = value, where `x` and `y` name the lane's elements. */
export function pointwise(
  value: Expr,
  storage: { readonly x: StorageType; readonly y: StorageType; readonly out: StorageType },
): Program {
  const N = v('N');
  const n = add(mul(WORKGROUP, i32(32)), LANE);
  const typeOf = (s: StorageType) => STORAGE[s].value;
  const tensor = (name: 'x' | 'y' | 'out') => ({ name, storage: storage[name], shape: [N] });
  const kernel: Kernel = {
    name: 'pointwise',
    buffers: [
      { name: 'x', storage: storage.x, access: 'read', elements: N },
      { name: 'y', storage: storage.y, access: 'read', elements: N },
      { name: 'out', storage: storage.out, access: 'write', elements: N },
    ],
    uniforms: [size('N')],
    shared: [],
    lanes: 32,
    grid: ceilDiv(N, 32),
    body: [
      letS('n', n),
      ifS(lt(v('n'), N), [
        letS('x0', read('x', [v('n')], typeOf(storage.x))),
        letS('y0', read('y', [v('n')], typeOf(storage.y))),
        store('out', v('n'), value),
      ]),
    ],
  };
  return {
    name: 'pointwise',
    kernels: [kernel],
    inputs: [tensor('x'), tensor('y')],
    outputs: [tensor('out')],
    workspace: [],
    uniforms: [size('N')],
    fixed: {},
  };
}

export { bool, constant };
