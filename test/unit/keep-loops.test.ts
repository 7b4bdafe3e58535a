import { describe, expect, it } from 'vitest';
import { i32, op, read, variable } from '../../src/expr/expr.ts';
import { arrayS, forS, store } from '../../src/kernel/build.ts';
import type { Kernel, Stmt } from '../../src/kernel/kernel.ts';
import { keepLoops } from '../../src/kernel/passes/keep-loops.ts';
import { visitStmts } from '../../src/kernel/walk.ts';
import { tinyProgram } from './kernel-sample.ts';

const kernelOf = (body: readonly Stmt[]): Kernel => tinyProgram(body).kernels[0]!;

/** What becomes of each loop. */
function loops(k: Kernel): Readonly<Record<string, boolean | 'never' | number>> {
  const out: Record<string, boolean | 'never' | number> = {};
  visitStmts(k.body, (s) => {
    if (s.kind === 'for') out[s.name] = s.unroll;
  });
  return out;
}

/** Adds `from` to each element of an array, in a loop that asks to be unrolled. */
const sum = (loop: string, array: string, length: number): Stmt =>
  forS(loop, { to: i32(length), unroll: true }, [
    store(
      array,
      variable(loop),
      op('add', read(array, [variable(loop)], 'f32'), { kind: 'const', type: 'f32', value: 1 }),
    ),
  ]);

describe('keep-loops', () => {
  it('leaves loops over what registers hold', () => {
    const k = kernelOf([arrayS('a', 'f32', 128), forS('t', { to: variable('N') }, [sum('n', 'a', 128)])]);
    expect(loops(keepLoops(k))).toEqual({ t: false, n: true });
  });

  it('keeps loops over more numbers, and no others', () => {
    const body = [sum('n', 'a', 128), sum('m', 'b', 64)];
    const small = forS('s', { to: i32(4), unroll: true }, []);
    const k = kernelOf([
      arrayS('a', 'f32', 128),
      arrayS('b', 'f32', 64),
      forS('t', { to: variable('N') }, [...body, small]),
    ]);
    expect(loops(keepLoops(k))).toEqual({ t: false, n: 'never', m: 'never', s: true });
  });

  it('lets numbers that no loop changes weigh less', () => {
    const k = kernelOf([
      arrayS('a', 'f32', 128),
      arrayS('b', 'f32', 64),
      sum('n', 'a', 128),
      forS('t', { to: variable('N') }, [sum('m', 'b', 64)]),
    ]);
    expect(loops(keepLoops(k))).toEqual({ n: true, t: false, m: true });
  });

  it('keeps the outer of loops with many turns together', () => {
    const k = kernelOf([
      arrayS('a', 'f32', 64),
      forS('c', { to: i32(32), unroll: true }, [sum('n', 'a', 64)]),
      forS('d', { to: i32(8), unroll: true }, [sum('m', 'a', 64)]),
    ]);
    expect(loops(keepLoops(k))).toEqual({ c: 'never', n: true, d: true, m: true });
  });
});
