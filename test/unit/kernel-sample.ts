/** A hand-written streaming attention kernel, one query row per lane, keys and values staged in shared memory. */
import { bool, f32, i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import type { StorageType } from '../../src/expr/types.ts';
import {
  arrayS,
  assign,
  BARRIER,
  comment,
  forS,
  ifS,
  LANE,
  letS,
  store,
  varS,
  WORKGROUP,
} from '../../src/kernel/build.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';

export const v = (name: string): Expr => variable(name);
export const f = (name: string): Expr => variable(name, 'f32');
export const add = (a: Expr, b: Expr): Expr => op('add', a, b);
export const sub = (a: Expr, b: Expr): Expr => op('sub', a, b);
export const mul = (a: Expr, b: Expr): Expr => op('mul', a, b);
export const lt = (a: Expr, b: Expr): Expr => op('lt', a, b);

const D = 16;
const TILE = 32;

export interface SampleOptions {
  readonly storage?: StorageType;
  readonly shared?: StorageType;
  readonly causal?: boolean;
  /** Leaves out the barrier between use and refill of the tiles, to plant a race. */
  readonly dropBarrier?: boolean;
  /** Lets rows past the end store, to plant an out-of-bounds access. */
  readonly dropGuard?: boolean;
}

/** The kernel: workgroups are (head, tile of 32 rows), `N` keys and queries, D = 16. */
export function attentionKernel(o: SampleOptions = {}): Kernel {
  const { storage = 'f32', shared = 'f32', causal = false } = o;
  const tiles = op('quot', add(v('N'), i32(TILE - 1)), i32(TILE));
  const rowBase = mul(v('head'), v('N'));
  const keep: Expr = causal
    ? op('and', lt(v('j'), v('N')), op('le', v('j'), v('i')))
    : op('and', lt(v('j'), v('N')), bool(true));
  const inRow = lt(add(v('start'), v('t')), v('N'));
  const element = (t: Expr, d: Expr): Expr => add(mul(t, i32(D)), d);
  const keyIndex = mul(add(rowBase, add(v('start'), v('t'))), i32(D));

  const stage: Stmt[] = [
    forS('t', { from: LANE, to: i32(TILE), step: i32(TILE) }, [
      forS('d', { to: i32(D) }, [
        ...(['k', 'v'] as const).map((n) =>
          store(
            `${n}_tile`,
            element(v('t'), v('d')),
            op('select', inRow, read(n, [add(keyIndex, v('d'))]), f32(0)),
          ),
        ),
      ]),
    ]),
  ];
  const row: Stmt[] = [
    letS('j', add(v('start'), v('c'))),
    ifS(keep, [
      varS('s', f32(0)),
      forS('d', { to: i32(D) }, [
        assign('s', add(f('s'), mul(read('q_row', [v('d')]), read('k_tile', [element(v('c'), v('d'))])))),
      ]),
      assign('s', mul(f('s'), f32(0.25))),
      letS('m_new', op('max', f('m'), f('s'))),
      letS('w', op('exp', sub(f('s'), f('m_new')))),
      letS('rescale', op('select', op('gt', f('l'), f32(0)), op('exp', sub(f('m'), f('m_new'))), f32(0))),
      assign('l', add(mul(f('l'), f('rescale')), f('w'))),
      forS('e', { to: i32(D), unroll: true }, [
        store(
          'acc',
          v('e'),
          add(
            mul(read('acc', [v('e')]), f('rescale')),
            mul(f('w'), read('v_tile', [element(v('c'), v('e'))])),
          ),
        ),
      ]),
      assign('m', f('m_new')),
    ]),
  ];
  const finish: Stmt[] = [
    letS('scale', op('select', op('gt', f('l'), f32(0)), op('div', f32(1), f('l')), f32(0))),
    forS('e', { to: i32(D) }, [
      store('o', add(mul(add(rowBase, v('i')), i32(D)), v('e')), mul(read('acc', [v('e')]), f('scale'))),
    ]),
    store(
      'lse',
      add(rowBase, v('i')),
      op('select', op('gt', f('l'), f32(0)), add(f('m'), op('log', f('l'))), f32(-Infinity)),
    ),
  ];
  const elements = mul(mul(v('BH'), v('N')), i32(D));
  return {
    name: 'attention',
    doc: 'Streaming attention, one row per lane.',
    buffers: [
      { name: 'q', storage, access: 'read', elements },
      { name: 'k', storage, access: 'read', elements },
      { name: 'v', storage, access: 'read', elements },
      { name: 'o', storage, access: 'write', elements },
      { name: 'lse', storage: 'f32', access: 'write', elements: mul(v('BH'), v('N')) },
    ],
    uniforms: [
      { name: 'BH', type: 'i32' },
      { name: 'N', type: 'i32' },
    ],
    shared: [
      { name: 'k_tile', storage: shared, length: TILE * D },
      { name: 'v_tile', storage: shared, length: TILE * D },
    ],
    lanes: TILE,
    grid: mul(v('BH'), tiles),
    body: [
      letS('head', op('quot', WORKGROUP, tiles)),
      letS('i', add(mul(op('rem', WORKGROUP, tiles), i32(TILE)), LANE)),
      arrayS('q_row', 'f32', D),
      arrayS('acc', 'f32', D),
      varS('m', f32(-Infinity)),
      varS('l', f32(0)),
      ifS(lt(v('i'), v('N')), [
        forS('d', { to: i32(D) }, [
          store('q_row', v('d'), read('q', [add(mul(add(rowBase, v('i')), i32(D)), v('d'))])),
        ]),
      ]),
      comment('Keys and values pass through shared memory, one tile at a time.'),
      forS('start', { to: v('N'), step: i32(TILE) }, [
        ...stage,
        BARRIER,
        forS('c', { to: i32(TILE) }, row),
        ...(o.dropBarrier ? [] : [BARRIER]),
      ]),
      ...(o.dropGuard ? finish : [ifS(lt(v('i'), v('N')), finish)]),
    ],
  };
}

export function attentionProgram(o: SampleOptions = {}): Program {
  const storage = o.storage ?? 'f32';
  const shape = [v('BH'), v('N'), i32(D)];
  return {
    name: 'attention',
    kernels: [attentionKernel(o)],
    inputs: ['q', 'k', 'v'].map((name) => ({ name, storage, shape })),
    outputs: [
      { name: 'o', storage, shape },
      { name: 'lse', storage: 'f32', shape: [v('BH'), v('N')] },
    ],
    workspace: [],
    uniforms: [
      { name: 'BH', type: 'i32' },
      { name: 'N', type: 'i32' },
    ],
    fixed: {},
  };
}

/** One kernel with the given body, an input `x: f32[n]`, an output `y: f32[n]` and a uniform `n`. */
export function tinyProgram(body: readonly Stmt[], over: Partial<Kernel> = {}): Program {
  const kernel: Kernel = {
    name: 'tiny',
    buffers: [
      { name: 'x', storage: 'f32', access: 'read', elements: v('n') },
      { name: 'y', storage: 'f32', access: 'read_write', elements: v('n') },
    ],
    uniforms: [{ name: 'n', type: 'i32' }],
    shared: [],
    lanes: 32,
    grid: i32(1),
    body,
    ...over,
  };
  const of = (access: 'read' | 'other'): Program['inputs'] =>
    kernel.buffers
      .filter((b) => (b.access === 'read') === (access === 'read'))
      .map((b) => ({ name: b.name, storage: b.storage, shape: [b.elements] }));
  return {
    name: 'tiny',
    kernels: [kernel],
    inputs: of('read'),
    outputs: of('other'),
    workspace: [],
    uniforms: kernel.uniforms,
    fixed: {},
  };
}

/** Softmax attention in float64 for the sample, with zero rows and −inf where nothing is kept. */
export function attentionReference(
  inputs: { readonly q: ArrayLike<number>; readonly k: ArrayLike<number>; readonly v: ArrayLike<number> },
  BH: number,
  N: number,
  causal: boolean,
): { readonly o: Float64Array; readonly lse: Float64Array } {
  const o = new Float64Array(BH * N * D);
  const lse = new Float64Array(BH * N).fill(-Infinity);
  for (let row = 0; row < BH * N; row++) {
    const head = Math.floor(row / N);
    const scores: number[] = [];
    for (let j = 0; j <= (causal ? row % N : N - 1); j++) {
      let s = 0;
      for (let d = 0; d < D; d++) s += inputs.q[row * D + d]! * inputs.k[(head * N + j) * D + d]!;
      scores.push(s * 0.25);
    }
    const m = Math.max(...scores);
    const l = scores.reduce((sum, s) => sum + Math.exp(s - m), 0);
    lse[row] = m + Math.log(l);
    scores.forEach((s, j) => {
      for (let e = 0; e < D; e++) {
        o[row * D + e]! += (Math.exp(s - m) / l) * inputs.v[(head * N + j) * D + e]!;
      }
    });
  }
  return { o, lse };
}

/** Repeatable values in [-1.5, 1.5). */
export function values(count: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 3 - 1.5;
  });
}
