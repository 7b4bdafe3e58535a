/** What constructs of the language mean, on small tensors with results that can be computed by hand. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { printIr } from '../../src/ir/print.ts';
import { kernelOf, randomTensor, run } from '../support/kernels.ts';

const t = (shape: number[], ...data: number[]) => ({ shape, data });
const body = (text: string, axes = 'i: N, j: M'): string => `kernel k {\n axes ${axes}\n${text}\n}`;
const defs = (text: string): string[] =>
  printIr(kernelOf(text))
    .split('\n')
    .filter(
      (l) =>
        /^ {2}(let|score|normalize|aggregate|gate|out) \S+\[.*\]: \S+ = .*[^\w.]/.test(l) ||
        / = .*\(/.test(l),
    )
    .map((l) => l.trim());

describe('index sets', () => {
  const gqa = 'b: B, h: H, g: G = h / (H / G), j: M';
  it('takes a derived axis from the axes it mentions, where they are in scope', () => {
    const k = body(
      'in q: f32[h, j]\nin k: f32[g, j]\nlet m = sum[j](k)\nout y: f32[h] = sum[j](q * k) + m\nout m',
      gqa,
    );
    expect(defs(k)).toEqual([
      'let m[g]: f32 = sum[j](k[g, j])',
      'out y[h]: f32 = sum[j](q[h, j] * k[h / (H / G), j]) + m[h / (H / G)]',
    ]);
    const q = t([4, 1], 1, 2, 3, 4);
    expect(run(k, { q, k: t([2, 1], 10, 100) }, { sizes: { B: 1 } })).toEqual({
      y: [20, 30, 400, 500],
      m: [10, 100],
    });
  });

  it('lets a derived axis stand for itself where it is declared or bound', () => {
    const k = body('in k: f32[g]\nout y: f32[h] = sum[g](k) + h\nout z: f32[g] = k * g', gqa);
    expect(run(k, { k: t([2], 1, 5) }, { sizes: { B: 1, H: 4, M: 1 } })).toEqual({
      y: [6, 7, 8, 9],
      z: [0, 5],
    });
  });

  it('puts the derivation inside of a reduction over the axis that it mentions', () => {
    const k = body('in k: f32[g]\nout y: f32[] = sum[h](k * h)', gqa);
    expect(defs(k)).toEqual(['out y[]: f32 = sum[h](k[h / (H / G)] * f32(h))']);
    expect(run(k, { k: t([2], 1, 10) }, { sizes: { B: 1, H: 4, M: 1 } })).toEqual({ y: [1 + 20 + 30] });
  });

  it('orders inferred indices as the axes are declared', () => {
    expect(defs(body('in x: f32[j]\nin w: f32[i]\nlet s = x * w\nout s'))).toEqual([
      'let s[i, j]: f32 = x[j] * w[i]',
    ]);
  });

  it('writes outputs in the order of their own indices', () => {
    const k = body('in x: f32[i, j]\nout x: f32[j, i]\nout y: f32[j, i] = x * 2');
    expect(run(k, { x: t([2, 3], 1, 2, 3, 4, 5, 6) })).toEqual({
      x: [1, 4, 2, 5, 3, 6],
      y: [2, 8, 4, 10, 6, 12],
    });
  });

  it('repeats a value over indices that it does not depend on', () => {
    const k = body('in x: f32[i]\nlet s[i, j] = x\nout s\nout n: i32[] = 7');
    expect(run(k, { x: t([2], 1, 2) }, { sizes: { M: 2 } })).toEqual({ s: [1, 1, 2, 2], n: [7] });
  });
});

describe('re-indexing', () => {
  const x = t([2, 3], 1, 2, 3, 4, 5, 6);
  it('goes by position over the last dimensions, and by name over any', () => {
    const k = body(
      'in x: f32[i, j]\nout a: f32[i, j] = x[M - 1 - j]\nout b: f32[i, j] = x[1 - i, j]\nout c: f32[i, j] = x[i = 1 - i, j = 0]',
    );
    expect(run(k, { x })).toEqual({ a: [3, 2, 1, 6, 5, 4], b: [4, 5, 6, 1, 2, 3], c: [4, 4, 4, 1, 1, 1] });
  });

  it('swaps axes at once, not one after the other', () => {
    const k = 'kernel k { axes i: N, j: N\n in x: f32[i, j]\n out y: f32[i, j] = x[i = j, j = i] }';
    expect(run(k, { x: t([2, 2], 1, 2, 3, 4) })).toEqual({ y: [1, 3, 2, 4] });
  });

  it('renames a bound axis that the new index mentions', () => {
    const k =
      'kernel k { axes i: N, j: N\n in x: f32[i, j]\n let s = sum[j](x * j)\n out y: f32[j] = (0.0 + sum[j](x * j))[i = j]\n out z: f32[j] = s[j] }';
    expect(printIr(kernelOf(k))).toContain('out y[j]: f32 = 0.0 + sum[j_2](x[j, j_2] * f32(j_2))');
    const result = run(k, { x: t([2, 2], 1, 2, 3, 4) });
    expect(result).toEqual({ y: [2, 4], z: [2, 4] });
  });

  it('reads out of range only where the element is evaluated', () => {
    const guarded = body('in x: f32[i, j]\nout y: f32[i, j] = if j > 0 then x[j - 1] else 0.0');
    expect(run(guarded, { x })).toEqual({ y: [0, 1, 2, 0, 4, 5] });
    expect(() => run(body('in x: f32[i, j]\nout y: f32[i, j] = x[j - 1]'), { x })).toThrow(UserError);
    const masked = body(
      'in x: f32[i, j]\nmask j > 0\nout y: f32[i] = sum[j](x[j - 1])\nout z: f32[i, j] = x[j - 1]',
    );
    expect(run(masked, { x })).toEqual({ y: [3, 9], z: [0, 1, 2, 0, 4, 5] });
  });

  it('indexes a function argument by position when it names a tensor', () => {
    const k = `fn at(x, n) = x[n]\nfn twice(x, n) = 2 * at(x, n)\n${body('in x: f32[i, 3]\nout y: f32[i] = twice(x, 2)')}`;
    expect(run(k, { x }, { sizes: { M: 1 } })).toEqual({ y: [6, 12] });
  });
});

describe('masks', () => {
  const x = t([2, 3], 1, 2, 3, 4, 5, 6);
  it('apply where one axis is reduced and all others are in scope', () => {
    const k = body(
      'in x: f32[i, j]\nin w: f32[j]\nmask j <= i\nout row: f32[i] = sum[j](x)\nout col: f32[j] = sum[i](x)\nout all: f32[] = sum[i, j](x)\nout free: f32[] = sum[j](w)',
    );
    const result = run(k, { x, w: t([3], 1, 10, 100) });
    expect(result).toEqual({ row: [1, 9], col: [5, 5, 0], all: [10], free: [111] });
  });

  it('apply through the declared indices of a definition', () => {
    const k = body('in w: f32[j]\nmask j <= i\nlet s[i] = sum[j](w)\nout s');
    expect(run(k, { w: t([3], 1, 10, 100) }, { sizes: { N: 3 } })).toEqual({ s: [1, 11, 111] });
  });

  it('are joined by and', () => {
    const k = body('in x: f32[i, j]\nmask j <= i + 1\nmask j != 0\nout y: f32[i] = sum[j](x)');
    expect(run(k, { x })).toEqual({ y: [2, 11] });
  });

  it('give the value of an empty reduction to a row that keeps nothing', () => {
    const k = body(
      'in x: f32[i, j]\nmask j < i\nlet p = softmax[j](x)\nout y: f32[i] = sum[j](p * x)\nout lse: f32[i] = logsumexp[j](x)\nout p\nout best: i32[i] = argmax[j](x)\nout some: bool[i] = any[j](x > 0)',
    );
    const result = run(k, { x });
    expect(result['y']).toEqual([0, 4]);
    expect(result['lse']).toEqual([-Infinity, 4]);
    expect(result['p']).toEqual([0, 0, 0, 1, 0, 0]);
    expect(result['best']).toEqual([-1, 0]);
    expect(result['some']).toEqual([0, 1]);
  });

  it('apply inside of functions as if those were written in place', () => {
    const scores = 'in x: f32[i, j]\nmask j <= i\n';
    const written = body(`${scores}let m = max[j](x)\nlet w = exp(x - m)\nout p: f32[i, j] = w / sum[j](w)`);
    expect(run(body(`${scores}out p: f32[i, j] = softmax[j](x)`), { x })).toEqual(run(written, { x }));
  });

  it('follow a derived axis', () => {
    const k = body(
      'in q: f32[h, j]\nin n: i32[g]\nmask j < n\nout y: f32[h] = sum[j](q)',
      'h: H, g: G = h / (H / G), j: M',
    );
    expect(printIr(kernelOf(k))).toContain('sum[j where j < n[h / (H / G)]](q[h, j])');
    expect(run(k, { q: t([2, 2], 1, 2, 3, 4), n: t([2], 1, 2) })).toEqual({ y: [1, 7] });
  });

  it('are seen through a change of index', () => {
    const k = body(
      'in x: f32[i, j]\nmask j <= i\nlet s = sum[j](x)\nout y: f32[i] = s[1 - i]\nout z: f32[i] = (1.0 * sum[j](x))[i = 1 - i]',
    );
    expect(run(k, { x })).toEqual({ y: [9, 1], z: [9, 1] });
  });

  it('do not remove what they are computed from', () => {
    const k = body('in x: f32[i, j]\nlet m = max[j](x)\nmask x >= m\nout y: f32[i] = sum[j](x)\nout m');
    expect(run(k, { x })).toEqual({ y: [3, 6], m: [3, 6] });
  });

  it('never evaluate what they remove', () => {
    const k = body('in x: f32[i, j]\nin at: i32[j]\nmask at >= 0\nout y: f32[i] = sum[j](x[at])');
    expect(run(k, { x, at: t([3], 2, -1, 0) })).toEqual({ y: [4, 10] });
  });
});

describe('ranges', () => {
  it('restrict an axis, half open', () => {
    const k = body(
      'in x: f32[i, j]\nout y: f32[i] = sum[j in 1..i + 2](x)\nout n: i32[i] = sum[j in 0..i](1)',
    );
    expect(run(k, { x: t([2, 3], 1, 2, 3, 4, 5, 6) })).toEqual({ y: [2, 11], n: [0, 1] });
  });
  it('may depend on another axis of the same bracket', () => {
    const k = body('out n: i32[] = sum[i, j in 0..i](1)');
    expect(run(k, {}, { sizes: { N: 4, M: 3 } })).toEqual({ n: [0 + 1 + 2 + 3] });
  });
});

describe('functions', () => {
  it('keep their own names apart from those of the kernel', () => {
    const k = `fn f[j](x) {\n let m = max[j](x)\n x - m\n}\n${body(
      'in x: f32[i, j]\nlet m = 100.0 * i\nlet a = f[j](x + m)\nlet b = f[i](x) + f[j](x)\nout a\nout b',
    )}`;
    const names = kernelOf(k).defs.map((d) => d.name);
    expect(names).toEqual(['m', 'a.m', 'a', 'b.m', 'b.m_2', 'b']);
    expect(run(k, { x: t([2, 2], 1, 2, 4, 3) })).toEqual({ a: [-1, 0, 0, -1], b: [-4, -1, 0, -1] });
  });

  it('share an argument that holds a reduction', () => {
    const k = body(
      'in q: f32[i, d]\nin k: f32[j, d]\nlet p = softmax[j](sum[d](q * k))\nout p',
      'i: N, j: M, d: D',
    );
    expect(kernelOf(k).defs.map((d) => d.name)).toEqual(['p.s', 'p.m', 'p.w', 'p']);
  });

  it('reduce over all axes that their only axis parameter received', () => {
    const k = body('in x: f32[i, j]\nout p: f32[i, j] = softmax[i, j](x)');
    const p = run(k, { x: t([2, 2], 0, 0, 0, 0) })['p'];
    expect(p).toEqual([0.25, 0.25, 0.25, 0.25]);
  });

  it('of the user come before those of the library', () => {
    const k = `fn relu(x) = 1000 + x\n${body('in x: f32[i]\nout y: f32[i] = relu(x)')}`;
    expect(run(k, { x: t([1], -1) }, { sizes: { M: 1 } })).toEqual({ y: [999] });
  });

  it('re-index an argument that is an expression', () => {
    const k = body('in x: f32[i, d]\nlet y = rope[d](x * 2, i, 1.0)\nout y', 'i: N, d: D');
    const [c, s] = [Math.cos(1), Math.sin(1)];
    const got = run(k, { x: t([2, 2], 1, 2, 1, 2) })['y']!;
    [2, 4, 2 * c - 4 * s, 4 * c + 2 * s].forEach((want, n) => expect(got[n]).toBeCloseTo(want, 12));
  });
});

describe('types', () => {
  it('promote bool to i32 to f32, and literals to what is around', () => {
    const k = body(
      'in u: u32[i]\nin b: bool[i]\nin x: f32[i]\nout a: u32[i] = u + 4294967295\nout c: i32[i] = b + i\nout d: f32[i] = x * i + b\nout e: f32[i] = 7 / 2 * x\nout f: f32[i] = 7 / 2.0 * x',
    );
    const inputs = { u: t([2], 1, 5), b: t([2], 1, 0), x: t([2], 0.5, 1) };
    expect(run(k, inputs, { sizes: { M: 1 } })).toEqual({
      a: [0, 4],
      c: [1, 1],
      d: [1, 1],
      e: [1.5, 3],
      f: [1.75, 3.5],
    });
  });
  it('divide integers downwards', () => {
    const k = body('out a: i32[i] = (i - 3) / 2\nout b: i32[i] = (i - 3) % 2');
    expect(run(k, {}, { sizes: { N: 4, M: 1 } })).toEqual({ a: [-2, -1, -1, 0], b: [1, 0, 1, 0] });
  });
  it('round to 16 bits where asked', () => {
    const k = body('in x: f32[i]\nout a: f32[i] = f16(x)\nout b: f32[i] = bf16(x)\nout c: i32[i] = i32(x)');
    expect(run(k, { x: t([2], 1.0009765625001, -2.7) }, { sizes: { M: 1 } })).toEqual({
      a: [1.0009765625, -2.69921875],
      b: [1, -2.703125],
      c: [1, -2],
    });
  });
});

describe('variants', () => {
  const k = body(
    'const n: int = 2\nin x: f32[i]\nin bias: f32[i, j] = 10 * i\nparam w: float = n\nout y: f32[i] = sum[j](x * n + bias) * w',
  );
  it('replace absent inputs by their default', () => {
    const x = t([2], 1, 2);
    const bias = t([2, 1], 100, 200);
    expect(run(k, { x, bias })).toEqual({ y: [204, 408] });
    expect(run(k, { x }, { absent: new Set(['bias']), sizes: { M: 1 } })).toEqual({ y: [4, 28] });
    expect(kernelOf(k, { absent: new Set(['bias']) }).tensors.map((y) => y.name)).toEqual(['x']);
    expect(() => kernelOf(k, { absent: new Set(['x']) })).toThrow(UserError);
  });
  it('take other values of consts', () => {
    expect(run(k, { x: t([1], 1), bias: t([1, 1], 0) }, { consts: { n: 3 } })).toEqual({ y: [9] });
    expect(() => kernelOf(k, { consts: { n: 0.5 } })).toThrow(UserError);
    expect(() => kernelOf(k, { consts: { m: 1 } })).toThrow(UserError);
  });
  it('check requirements on actual values', () => {
    const r = body('in x: f32[i]\nparam w: int\nrequire w < N && N % 2 == 0\nout y: f32[i] = x * w');
    expect(() => run(r, { x: t([4], 1, 2, 3, 4) }, { params: { w: 4 }, sizes: { M: 1 } })).toThrow(
      'the requirement `w < N && N % 2 == 0` does not hold (N = 4, w = 4)',
    );
  });
});

describe('grouped queries', () => {
  it('equal plain attention with repeated keys', () => {
    const text = (g: string, dims: string): string =>
      `kernel k { axes b: B, h: H, ${g} i: N, j: M, d: D, e: E\n in q: f32[b, h, i, d]\n in k: f32[b, ${dims}, j, d]\n in v: f32[b, ${dims}, j, e]\n mask j <= i + M - N\n let p = softmax[j](scaled_dot[d](q, k))\n out y: f32[b, h, i, e] = sum[j](p * v) }`;
    const [q, k, v] = [randomTensor(1, 2, 4, 3, 5), randomTensor(2, 2, 2, 6, 5), randomTensor(3, 2, 2, 6, 7)];
    const repeat = (x: { shape: number[]; data: Float64Array }) => {
      const inner = x.shape[2]! * x.shape[3]!;
      const rows = Array.from({ length: 8 }, (_, n) => (n >> 2) * 2 + ((n & 3) >> 1));
      const data = rows.flatMap((r) => Array.from(x.data.slice(r * inner, (r + 1) * inner)));
      return { shape: [2, 4, x.shape[2]!, x.shape[3]!], data };
    };
    const grouped = run(text('g: G = h / (H / G),', 'g'), { q, k, v });
    expect(grouped).toEqual(run(text('', 'h'), { q, k: repeat(k), v: repeat(v) }));
  });
});
