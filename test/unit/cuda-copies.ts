/** A kernel, written by hand, that copies ahead of use, and flaws that executors must notice. */
import { i32, op, read, variable as v, type Expr } from '../../src/expr/expr.ts';
import {
  accumulate,
  arrayS,
  awaitS,
  BARRIER,
  COMMIT,
  copyS,
  forS,
  ifS,
  LANE,
  letS,
  stores,
} from '../../src/kernel/build.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';

const add = (a: Expr, b: Expr): Expr => op('add', a, b);
const mul = (a: Expr, n: number): Expr => op('mul', a, i32(n));

export type CopyFlaw =
  /** What was copied is used before it is waited for. */
  | 'no wait'
  /** The wait leaves the tile that is used in flight. */
  | 'early wait'
  /** What other lanes copied is used without a barrier. */
  | 'no barrier'
  /** A place is filled again while other lanes may still use it. */
  | 'filled early'
  /** A copy begins between two multiples of 16 bytes. */
  | 'misaligned'
  /** The last copies are not waited for. */
  | 'left in flight';

/**
 * y[c] = Σ over N tiles of 2 rows of x[n, row, c], in 16-bit storage, by one workgroup of 64 lanes. Lane l copies the l-th
 * 16 bytes of a tile, and uses four columns of its neighbour.
 */
export function copiedRows(storage: 'f16' | 'bf16', flaw?: CopyFlaw): Program {
  const tile = 512;
  const start = (n: Expr): Stmt =>
    copyS({
      shared: 'tile',
      index: add(mul(op('rem', n, i32(2)), tile), mul(LANE, 8)),
      buffer: 'x',
      from: add(mul(n, tile), add(mul(LANE, 8), i32(flaw === 'misaligned' ? 4 : 0))),
    });
  const some =
    flaw === 'misaligned' ? [ifS(op('lt', LANE, i32(63)), [start(v('next'))])] : [start(v('next'))];
  const ahead: Stmt[] = [
    letS('next', add(v('n'), i32(1))),
    ifS(flaw === 'left in flight' ? op('le', v('next'), v('N')) : op('lt', v('next'), v('N')), some),
    COMMIT,
  ];
  const wait = flaw === 'no wait' ? [] : [awaitS(flaw === 'early wait' ? 1 : 0)];
  const show = flaw === 'no barrier' ? [] : [BARRIER];
  const use = forS('c', { to: i32(4), unroll: true }, [
    forS('row', { to: i32(2), unroll: true }, [
      accumulate(
        'sums',
        v('c'),
        read('tile', [
          add(mul(op('rem', v('n'), i32(2)), tile), add(mul(v('row'), 256), add(v('col'), v('c')))),
        ]),
      ),
    ]),
  ]);
  const pair = (at: number): Stmt =>
    stores('y', add(v('col'), i32(at)), [read('sums', [i32(at)]), read('sums', [i32(at + 1)])]);
  const kernel: Kernel = {
    name: 'copied_rows',
    buffers: [
      { name: 'x', storage, access: 'read', elements: mul(v('R'), 256) },
      { name: 'y', storage, access: 'write', elements: i32(256) },
    ],
    uniforms: [
      { name: 'R', type: 'i32' },
      { name: 'N', type: 'i32' },
    ],
    shared: [{ name: 'tile', storage, length: 2 * tile }],
    lanes: 64,
    grid: i32(1),
    body: [
      arrayS('sums', 'f32', 4),
      letS('col', mul(op('rem', add(LANE, i32(1)), i32(64)), 4)),
      ifS(
        op('lt', i32(0), v('N')),
        [start(i32(0))].filter(() => flaw !== 'misaligned'),
      ),
      COMMIT,
      forS(
        'n',
        { to: v('N') },
        flaw === 'filled early' ? [...wait, ...ahead, ...show, use] : [...wait, ...show, ...ahead, use],
      ),
      pair(0),
      pair(2),
    ],
  };
  const shape = (rows: Expr): readonly Expr[] => [rows, i32(256)];
  return {
    name: 'copied_rows',
    kernels: [kernel],
    inputs: [{ name: 'x', storage, shape: shape(v('R')) }],
    outputs: [{ name: 'y', storage, shape: [i32(256)] }],
    workspace: [],
    uniforms: kernel.uniforms,
    fixed: {},
  };
}

/** Values that both formats hold, and what `copiedRows` makes of them: sums of few of them are exact. */
export function rowsOfQuarters(tiles: number): { readonly x: Float64Array; readonly y: Float64Array } {
  const x = Float64Array.from({ length: tiles * 512 }, (_, n) => ((n * 7) % 9) / 4 - 1);
  const y = Float64Array.from({ length: 256 }, (_, c) => {
    let sum = 0;
    for (let n = c; n < x.length; n += 256) sum += x[n]!;
    return sum;
  });
  return { x, y };
}
