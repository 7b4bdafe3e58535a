import { describe, expect, test } from 'vitest';
import { KEYWORDS, keywordToken, lexer } from '../../grammar/tokens.ts';
import type { Item, SurfaceExpr } from '../../src/syntax/ast.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { exprChildren, fileExprs, walkExpr } from '../../src/syntax/walk.ts';
import { EVERY_CONSTRUCT } from '../support/sources.ts';

/** Every operation in parentheses, so that the structure shows. */
function shape(e: SurfaceExpr): string {
  switch (e.kind) {
    case 'number':
      return String(e.value);
    case 'bool':
      return String(e.value);
    case 'name':
      return e.name.text;
    case 'error':
      return '?';
    case 'paren':
      return shape(e.inner);
    case 'unary':
      return `(${e.op}${shape(e.arg)})`;
    case 'binary':
      return `(${shape(e.left)}${e.op}${shape(e.right)})`;
    case 'if':
      return `(if ${exprChildren(e).map(shape).join(' ')})`;
    case 'index':
      return `${shape(e.target)}[${e.args.map((a) => (a.axis ? `${a.axis.text}=` : '') + shape(a.value)).join()}]`;
    case 'call': {
      const axes = e.axes?.map(
        (a) => a.name.text + (a.from && a.to ? ` in ${shape(a.from)}..${shape(a.to)}` : ''),
      );
      return `${e.callee.text}${axes ? `<${axes.join()}>` : ''}(${e.args.map(shape).join()})`;
    }
  }
}

function items(body: string): readonly Item[] {
  const { file, diagnostics } = parseSource(`kernel k {\n${body}\n}`);
  expect(diagnostics).toEqual([]);
  return file.kernels[0]!.items;
}
function parsed(expr: string): string {
  const [item] = items(`let x = ${expr}`);
  return item?.kind === 'def' ? shape(item.value) : 'no definition';
}

describe('expressions', () => {
  test.each([
    ['a + b * c', '(a+(b*c))'],
    ['a - b - c', '((a-b)-c)'],
    ['a / b * c % d', '(((a/b)*c)%d)'],
    ['a ** b ** c', '(a**(b**c))'],
    ['-a ** 2', '(-(a**2))'],
    ['2 ** -a ** 2 * 3', '((2**(-(a**2)))*3)'],
    ['-a * b', '((-a)*b)'],
    ['- -~!a', '(-(-(~(!a))))'],
    ['a || b && c | d ^ e & f == g << h + 1', '(a||(b&&(c|(d^(e&(f==(g<<(h+1))))))))'],
    ['a < b == (c > d)', undefined],
    ['(a < b) == (c > d)', '((a<b)==(c>d))'],
    ['a <= b && b != c', '((a<=b)&&(b!=c))'],
    ['if a then b else c + 1', '(if a b (c+1))'],
    ['1 + if a then b else if c then d else e', '(1+(if a b (if c d e)))'],
    ['if a then if b then c else d else e', '(if a (if b c d) e)'],
    ['sum[d](q * k)', 'sum<d>((q*k))'],
    ['softmax[jy, jx,](s,)', 'softmax<jy,jx>(s)'],
    ['sum[j in 0..i + 1, k](x)', 'sum<j in 0..(i+1),k>(x)'],
    ['rand()', 'rand()'],
    ['k[table[b, j / 16], g, j % 16]', 'k[table[b,(j/16)],g,(j%16)]'],
    ['x[d = d ^ 1][i][0]', 'x[d=(d^1)][i][0]'],
    ['f(x)[i](y)', undefined],
    ['from + f32(i)', '(from+f32(i))'],
    ['0x1f + .5 + 1. + 1e-3', '(((31+0.5)+1)+0.001)'],
    ['true && !false', '(true&&(!false))'],
    ['x[(i)]', 'x[i]'],
  ])('%s', (text, expected) => {
    if (expected === undefined)
      expect(parseSource(`kernel k { let x = ${text} }`).diagnostics).toHaveLength(1);
    else expect(parsed(text)).toBe(expected);
  });

  test('a number knows whether it was written as an integer', () => {
    const kinds = items('let a = 3 + 3.0 + 3e0 + 0x3').flatMap((item) => {
      const found: boolean[] = [];
      if (item.kind === 'def') walkExpr(item.value, (e) => void (e.kind === 'number' && found.push(e.isInt)));
      return found;
    });
    expect(kinds).toEqual([true, false, false, true]);
  });
});

describe('lines', () => {
  const fn = (body: string): string => {
    const { file, diagnostics } = parseSource(`fn f(x) {\n${body}\n}`);
    expect(diagnostics).toEqual([]);
    const [decl] = file.fns;
    return [...decl!.lets.map((l) => `${l.name.text} = ${shape(l.value)}`), shape(decl!.result)].join('; ');
  };
  test('do not matter between items and statements', () => {
    expect(fn('let a = x let b = a a + b')).toBe('a = x; b = a; (a+b)');
    expect(items('axes i: N in x: f32[i] mask i < 3 let a = x out a').map((i) => i.kind)).toEqual([
      'axes',
      'in',
      'mask',
      'def',
      'out',
    ]);
  });
  test('a parenthesis at the start of a line is a new expression', () => {
    expect(fn('let a = x\n(a)')).toBe('a = x; a');
    expect(fn('let a = f(x)\n(a + 1) * 2')).toBe('a = f(x); ((a+1)*2)');
    expect(fn('let a = f (x)\na')).toBe('a = f(x); a');
    expect(fn('let a = f(\n  x\n)[i]\n(a)')).toBe('a = f(x)[i]; a');
  });
  test('an operator at the start of a line continues the expression', () => {
    expect(fn('let a = x\n- a\na')).toBe('a = (x-a); a');
    expect(fn('let a = x\n  && y\na')).toBe('a = (x&&y); a');
    expect(fn('let a = x\n!a')).toBe('a = x; (!a)');
  });
});

describe('declarations', () => {
  test('axes have extents and derivations', () => {
    const [axes] = items('axes b: B, g: G = h / (H / G), c: 4,\n n: N / 16');
    expect(
      axes?.kind === 'axes'
        ? axes.axes.map((a) => [a.name.text, shape(a.extent), a.derived && shape(a.derived)])
        : [],
    ).toEqual([
      ['b', 'B', undefined],
      ['g', 'G', '(h/(H/G))'],
      ['c', '4', undefined],
      ['n', '(N/16)', undefined],
    ]);
  });
  test('tensors, scalars and outputs', () => {
    const [bias, scale, window, cap, y, z, w] = items(
      'in bias: bf16[h, 2 * R + 1] = 0\nin scale: f32\nparam window: uint = 4\nconst cap: float = 2.5\n' +
        'out y\nout z: f16[i, j]\nout w: f32[i] = sum[j](z)',
    );
    expect(bias).toMatchObject({ kind: 'in', type: { storage: 'bf16' }, default: { value: 0 } });
    expect(bias?.kind === 'in' && bias.type.dims.map(shape)).toEqual(['h', '((2*R)+1)']);
    expect(scale).toMatchObject({ kind: 'in', type: { storage: 'f32', dims: [] } });
    expect(scale).not.toHaveProperty('default');
    expect(window).toMatchObject({ kind: 'param', type: 'uint', default: { value: 4 } });
    expect(cap).toMatchObject({ kind: 'const', type: 'float', default: { value: 2.5 } });
    expect(y).not.toHaveProperty('type');
    expect(z).toMatchObject({ kind: 'out', type: { storage: 'f16' } });
    expect(w).toMatchObject({ kind: 'out', value: { kind: 'call' } });
  });
  test('imports and functions', () => {
    const { file } = parseSource(
      'import { a, b } from "std"\nimport "./x.attn"\nfn f[i, j](x, y) = x\nfn g() = 1',
    );
    expect(file.imports.map((i) => [i.names?.map((n) => n.text), i.from])).toEqual([
      [['a', 'b'], 'std'],
      [undefined, './x.attn'],
    ]);
    expect(file.fns.map((f) => [f.name.text, f.axes.length, f.params.length])).toEqual([
      ['f', 2, 2],
      ['g', 0, 0],
    ]);
  });
  test('every construct', () => {
    const { file, diagnostics } = parseSource(EVERY_CONSTRUCT);
    expect(diagnostics).toEqual([]);
    expect(file.kernels[0]!.items.map((i) => i.kind).join(' ')).toBe(
      'axes axes in in in in param param const require mask mask def def def def def out out out state state recurrence',
    );
  });
});

describe('documentation', () => {
  test('is the comment lines above and the comment behind', () => {
    const text = `// far

// near
// nearer
kernel k { // not this
  // lone

  axes i: N // extent
  // above
  in x: f32[i] // behind
  axes
    j: M, // keys
    // dims
    d: D
  let a = x let b = a // of b
}`;
    const [kernel] = parseSource(text).file.kernels;
    expect(kernel!.doc).toBe('near\nnearer');
    expect(kernel!.items.map((i) => ('doc' in i ? i.doc : undefined))).toEqual([
      'extent',
      'above\nbehind',
      undefined,
      undefined,
      'of b',
    ]);
    const axes = kernel!.items[2];
    expect(axes?.kind === 'axes' && axes.axes.map((a) => a.doc)).toEqual(['keys', 'dims']);
  });
});

describe('places', () => {
  test('a span covers exactly what was written', () => {
    const { file } = parseSource(EVERY_CONSTRUCT, 'every.attn');
    const texts = new Set<string>();
    for (const root of fileExprs(file)) {
      walkExpr(root, (e) => {
        expect(e.span.source).toBe('every.attn');
        const text = EVERY_CONSTRUCT.slice(e.span.start, e.span.end);
        texts.add(text);
        if (e.kind === 'name') expect(text).toBe(e.name.text);
        if (e.kind === 'number') expect(text).toBe(e.text);
        // Read alone, the text of an expression is that expression.
        expect(parsed(text)).toBe(shape(e));
      });
    }
    expect(texts).toContain('(i - j < window || j < 4)');
    expect(texts).toContain('q[d = d ^ 1]');
    expect(texts).toContain('sum[j in 0..i + 1, e](p * v[j])');
    const spans = file.kernels[0]!.items.map((i) => EVERY_CONSTRUCT.slice(i.span.start, i.span.end));
    expect(spans).toContain('in k: bf16[b, g, j, d]');
    expect(spans).toContain('out hit = sum[i](p)');
  });
});

describe('tokens', () => {
  test('every keyword is lexed as itself, and as a part of a longer name is not', () => {
    for (const { word } of KEYWORDS) {
      expect(lexer.tokenize(word).tokens.map((t) => t.tokenType)).toEqual([keywordToken(word)]);
      const longer = lexer.tokenize(`${word}s _${word}`).tokens.map((t) => t.tokenType.name);
      expect(longer).toEqual(['Identifier', 'Identifier']);
    }
  });
  test('every keyword but those of clauses is refused as a name', () => {
    for (const { word, group } of KEYWORDS) {
      const { file, diagnostics } = parseSource(`kernel k {\n  let ${word} = 1\n}`);
      if (group === 'clause') expect([diagnostics.length, file.kernels[0]!.items.length]).toEqual([0, 1]);
      else expect(diagnostics[0]?.code, word).toBe('E0106');
    }
  });
});
