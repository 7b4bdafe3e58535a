import { describe, expect, test } from 'vitest';
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import { f32, i32, op, read } from '../../src/expr/expr.ts';
import {
  arrayS,
  assign,
  BARRIER,
  forS,
  ifS,
  LANE,
  letS,
  shuffle,
  store,
  varS,
} from '../../src/kernel/build.ts';
import type { Kernel, Stmt } from '../../src/kernel/kernel.ts';
import { printKernel } from '../../src/kernel/print.ts';
import { shortestF32 } from '../../src/kernel/print-number.ts';
import { sharedBytes, verifyKernel, verifyProgram } from '../../src/kernel/verify.ts';
import { add, attentionKernel, attentionProgram, lt, tinyProgram, v } from './kernel-sample.ts';

const verifyBody = (body: readonly Stmt[], over: Partial<Kernel> = {}): void =>
  verifyProgram(tinyProgram(body, over));
const bug = (body: readonly Stmt[], message: RegExp, over: Partial<Kernel> = {}): void => {
  expect(() => verifyBody(body, over)).toThrow(CompilerBug);
  expect(() => verifyBody(body, over)).toThrow(message);
};

describe('verify', () => {
  test('accepts the sample kernel', () => {
    expect(() => verifyProgram(attentionProgram({ causal: true }))).not.toThrow();
    expect(sharedBytes(attentionKernel())).toBe(2 * 32 * 16 * 4);
    expect(sharedBytes(attentionKernel({ shared: 'bf16' }))).toBe(2 * 32 * 16 * 2);
  });
  test('names', () => {
    bug([letS('a', i32(1)), letS('a', i32(2))], /a is declared twice/);
    bug([letS('n', i32(1))], /n is declared twice/);
    bug([letS('a', v('missing'))], /missing is not a variable in scope/);
    bug([ifS(lt(LANE, i32(1)), [letS('a', i32(1))]), letS('b', v('a'))], /a is not a variable in scope/);
    bug([letS('a', i32(1)), assign('a', i32(2))], /not a var/);
    expect(() =>
      verifyBody([ifS(lt(LANE, i32(1)), [letS('a', i32(1))]), ifS(lt(LANE, i32(2)), [letS('a', i32(3))])]),
    ).not.toThrow();
  });
  test('types', () => {
    bug([letS('a', op('add', i32(1), f32(1)))], /add does not take \(i32, f32\)/);
    bug([letS('a', op('exp', i32(1)))], /exp does not take/);
    bug([varS('a', f32(0)), assign('a', i32(1))], /a is f32, assigned i32/);
    bug([store('y', i32(0), i32(1))], /y holds f32, stored i32/);
    bug([store('y', f32(0), f32(1))], /index of y is f32/);
    bug([store('x', i32(0), f32(1))], /read-only buffer x/);
    bug([letS('a', i32(1.5))], /1.5 is not a i32 constant/);
    bug([letS('a', read('x', [i32(0), i32(1)]))], /2 indices/);
    bug(
      [letS('a', { kind: 'reduce', type: 'f32', op: 'sum', axes: ['j'], body: f32(1) })],
      /reduction is left/,
    );
  });
  test('loops', () => {
    bug([forS('t', { to: v('n'), unroll: true }, [])], /unrolled loop t/);
    bug([forS('t', { to: v('n'), step: i32(0) }, [])], /step of loop t is 0/);
  });
  test('limits', () => {
    const k = attentionKernel();
    expect(() => verifyKernel(k, { workgroupBytes: 1024 })).toThrow(/need 4096 bytes, at most 1024/);
    expect(() => verifyKernel(k, { maxLanes: 16 })).toThrow(/32 lanes, at most 16/);
  });
});

describe('uniformity', () => {
  const shared = { shared: [{ name: 'tile', storage: 'f32', length: 32 }] } as const;
  test('barriers stand in uniform control flow only', () => {
    bug([ifS(lt(LANE, i32(3)), [BARRIER])], /barrier in lane-dependent/);
    bug([letS('a', add(LANE, i32(1))), forS('t', { to: v('a') }, [BARRIER])], /barrier/);
    bug([ifS(op('gt', read('tile', [i32(0)]), f32(0)), [BARRIER])], /barrier/, shared);
    expect(() => verifyBody([forS('t', { to: v('n') }, [BARRIER])])).not.toThrow();
    expect(() => verifyBody([ifS(op('gt', read('x', [i32(0)]), f32(0)), [BARRIER])])).not.toThrow();
  });
  test('dependence passes through assignments under divergence and around loops', () => {
    bug(
      [varS('a', i32(0)), ifS(lt(LANE, i32(3)), [assign('a', i32(1))]), forS('t', { to: v('a') }, [BARRIER])],
      /barrier/,
    );
    const around = [
      varS('a', i32(0)),
      varS('b', i32(0)),
      forS('t', { to: i32(4) }, [ifS(lt(v('a'), i32(2)), [BARRIER]), assign('a', v('b')), assign('b', LANE)]),
    ];
    bug(around, /barrier/);
  });
  test('warp-uniform control flow allows collectives but no barrier', () => {
    const warp = lt(op('quot', LANE, i32(32)), i32(1));
    const one = [arrayS('a', 'f32', 1), ifS(warp, [shuffle('s', read('a', [i32(0)]), 1)])];
    expect(() => verifyBody(one, { lanes: 64 })).not.toThrow();
    bug([ifS(warp, [BARRIER])], /barrier/, { lanes: 64 });
    bug([ifS(lt(LANE, i32(7)), [shuffle('s', f32(1), 1)])], /shuffle in lane-dependent/);
  });
});

describe('print', () => {
  test('is readable and deterministic', () => {
    const text = printKernel(attentionKernel({ causal: true }));
    expect(text).toBe(printKernel(attentionKernel({ causal: true })));
    expect(text).toContain('kernel attention lanes 32 grid BH * quot(N + 31, 32) {');
    expect(text).toContain('  shared k_tile: f32[512]');
    expect(text).toContain('    for c in 0..32 {');
    expect(text).toContain('if j < N && j <= i {');
    expect(text).toContain('lse[head * N + i] = if l > 0.0 then m + log(l) else -inf');
  });
  test('f32 constants are short and exact', () => {
    expect([0.1, 1, 1 / 3, 3e38, -0, 1e-45].map(shortestF32)).toEqual([
      '0.1',
      '1.0',
      '0.33333334',
      '3e38',
      '-0.0',
      '1e-45',
    ]);
    for (let n = 0; n < 500; n++) {
      const x = Math.fround((Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 60 - 30));
      expect(Math.fround(Number(shortestF32(x)))).toBe(x);
    }
  });
});
