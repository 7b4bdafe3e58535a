/** What editors are told: symbols with their types and indices, and every use of them. */
import { describe, expect, it } from 'vitest';
import { checkFile } from '../../src/model/check.ts';
import { joinPath } from '../../src/model/path.ts';
import { parseSource } from '../../src/syntax/parse.ts';

const text = `import { rope } from "std"
// Half of x.
fn half[j](x) {
  let t = sum[j](x)
  0.5 * t
}
kernel k {
  axes h: H, g: G = h / (H / G), j: M
  in q: f16[h, j]       // queries
  in k: f32[g, 2 * R]
  param w: int = 4
  mask j < w
  let a = half[j](q) + k[0]
  out a: f32[h]
}`;
const { model, diagnostics } = checkFile(parseSource(text, 'a.attn').file);
const kernel = model.kernels[0]!;
const uses = (name: string): string[] =>
  [...kernel.references, ...model.references]
    .filter((r) => r.symbol.name === name)
    .map((r) => {
      expect(text.slice(r.span.start, r.span.end)).toBe(name);
      return text.slice(0, r.span.start).split('\n').length.toString();
    });

describe('symbols', () => {
  it('say what a name is', () => {
    expect(diagnostics).toEqual([]);
    const details = Object.fromEntries(kernel.symbols.map((s) => [s.name, s.detail]));
    expect(details).toEqual({
      H: 'size H',
      G: 'size G',
      M: 'size M',
      R: 'size R',
      h: 'axis h: H',
      g: 'axis g: G = h / (H / G)',
      j: 'axis j: M',
      q: 'in q: f16[h, j]',
      k: 'in k: f32[g, 2 * R]',
      w: 'param w: int',
      a: 'let a: f32[h]',
    });
    expect(kernel.symbols.find((s) => s.name === 'q')?.doc).toBe('queries');
    expect(model.symbols.map((s) => `${s.kind} ${s.name}`)).toEqual([
      'function half',
      'function axis j',
      'function parameter x',
      'function let t',
    ]);
  });

  it('are known at each use', () => {
    expect(uses('q')).toEqual(['9', '13']);
    expect(uses('k')).toEqual(['10', '13']);
    expect(uses('h')).toEqual(['8', '8', '9', '14']);
    expect(uses('w')).toEqual(['11', '12']);
    expect(uses('a')).toEqual(['13', '14']);
    expect(uses('half').sort()).toEqual(['13', '3']);
    expect(uses('t')).toEqual(['4', '5']);
    expect(uses('rope')).toEqual(['1']);
    const call = kernel.references.find((r) => r.symbol.name === 'half')!;
    expect(call.symbol).toMatchObject({
      detail: 'fn half[j](x)',
      doc: 'Half of x.',
      span: { source: 'a.attn' },
    });
    const rope = model.references.find((r) => r.symbol.name === 'rope')!;
    expect(rope.symbol.span?.source).toBe('std:scores');
  });
});

describe('imports', () => {
  const files: Record<string, string> = {
    'lib/masks.attn': 'import "../base.attn"\nfn near(i, j) = within(i, j, 2)',
    'base.attn': 'fn within(i, j, w) = abs(i - j) < w',
  };
  const asked: string[] = [];
  const load = (path: string, from: string): string | undefined => {
    asked.push(`${from} ${path}`);
    return files[joinPath(from, path)];
  };
  const check = (head: string, mask: string): string[] => {
    const source = `${head}\nkernel k { axes i: N, j: M\n in x: f32[i, j]\n mask ${mask}\n out y: f32[i] = sum[j](x) }`;
    return checkFile(parseSource(source, 'main.attn').file, load).diagnostics.map((d) => d.code);
  };
  it('bring in the functions of a file, not what it imports itself', () => {
    expect(check('import "./lib/masks.attn"', 'near(i, j)')).toEqual([]);
    expect(check('import "./lib/masks.attn"', 'within(i, j, 2)')).toEqual(['E0202']);
    expect(
      check('import { near } from "./lib/masks.attn"\nimport "./base.attn"', 'near(i, j) && within(i, j, 1)'),
    ).toEqual([]);
    expect(asked).toContain('lib/masks.attn ../base.attn');
  });
  it('report what is wrong in an imported file', () => {
    files['broken.attn'] = 'fn f(x) = = x';
    expect(check('import "./broken.attn"', 'true || i < j')).toContain('E0101');
  });
  it('join paths', () => {
    expect(joinPath('a/b.attn', '../c.attn')).toBe('c.attn');
    expect(joinPath('b.attn', '../c.attn')).toBe('../c.attn');
    expect(joinPath('a/b.attn', '/c.attn')).toBe('/c.attn');
  });
});
