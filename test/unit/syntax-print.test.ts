import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lexer } from '../../grammar/tokens.ts';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import { formatSource } from '../../src/format/format.ts';
import * as plugin from '../../src/format/prettier-plugin.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { printExpr, printFile } from '../../src/syntax/print.ts';
import { seededRandom } from '../support/mutate.ts';
import { EVERY_CONSTRUCT } from '../support/sources.ts';
import { essence, surfaceExpr, surfaceFile } from '../support/surface-arbitrary.ts';

const messages = (text: string): string[] =>
  parseSource(text).diagnostics.map((d) => `${d.code} ${d.message}`);

/** The text with comments put between tokens, and those comments. */
function withComments(
  text: string,
  seed: number,
  share: number,
): { readonly text: string; readonly comments: string[] } {
  const random = seededRandom(seed);
  const { tokens } = lexer.tokenize(text);
  const comments: string[] = [];
  let out = '';
  let from = 0;
  for (const token of tokens) {
    out += text.slice(from, token.startOffset);
    from = token.startOffset;
    // A line break before these would end the expression.
    if (random() >= share || token.image === '(' || token.image === '[') continue;
    const comment = `// note${comments.length}.`;
    comments.push(comment);
    out += (random() < 0.3 ? '\n' : '') + (random() < 0.2 ? '\n\n' : ' ') + comment + '\n';
  }
  return { text: out + text.slice(from), comments };
}

describe('printing', () => {
  test('a printed tree reads back as itself, at any width', () => {
    fc.assert(
      fc.property(surfaceFile, fc.integer({ min: 10, max: 140 }), (file, width) => {
        const text = printFile(file, { width });
        const back = parseSource(text);
        expect(back.diagnostics).toEqual([]);
        expect(essence(back.file)).toEqual(essence(file));
      }),
      { numRuns: 300 },
    );
  });

  test('an expression is printed on one line with the parentheses it needs', () => {
    const reprint = (text: string): string => {
      const item = parseSource(`kernel k { let x = ${text} }`).file.kernels[0]!.items[0]!;
      return item.kind === 'def' ? printExpr(item.value) : '';
    };
    expect(reprint('a+b*c**-d')).toBe('a + b * c ** -d');
    expect(reprint('sum [ j in 0 .. i+1 ] ( x [ d=d^1 ] )')).toBe('sum[j in 0..i + 1](x[d = d ^ 1])');
    expect(reprint('if a then 1. else .5')).toBe('if a then 1.0 else 0.5');
    const name = (text: string) => ({ kind: 'name', name: { text, span }, span }) as const;
    const span = { source: '', start: 0, end: 0 };
    const minus = { kind: 'binary', op: '-', left: name('b'), right: name('c'), span } as const;
    expect(printExpr({ kind: 'binary', op: '-', left: name('a'), right: minus, span })).toBe('a - (b - c)');
    expect(printExpr({ kind: 'binary', op: '-', left: minus, right: name('a'), span })).toBe('b - c - a');
    expect(printExpr({ kind: 'binary', op: '**', left: minus, right: name('a'), span })).toBe('(b - c) ** a');
    fc.assert(fc.property(surfaceExpr, (e) => !printExpr(e).includes('\n')));
  });
});

describe('formatting', () => {
  test('has one style', () => {
    const messy = `kernel  k{axes i:N,j :M
    in x:f32 [i,j]   // the x


    in w : f16[ j ]
 mask j<=i&&
   i-j<W // near
 let   y=sum[ j ](x*w)
    // the end
 out y}`;
    expect(messages(messy)).toEqual([]);
    expect(formatSource(messy)).toBe(`kernel k {
  axes i: N, j: M
  in x: f32[i, j] // the x

  in w: f16[j]
  mask j <= i && i - j < W // near
  let y = sum[j](x * w)
  // the end
  out y
}
`);
  });

  test('breaks long lines at the loosest operator', () => {
    const long = `kernel k { mask aaaaaaaaaaaaaaaaaaaa <= bbbbbbbbbbbbbbbbbbb && (cccccccccccccccc - dddddd * 3 < 5 || eeeeeeeeee) }`;
    expect(formatSource(long, { width: 60 })).toBe(`kernel k {
  mask aaaaaaaaaaaaaaaaaaaa <= bbbbbbbbbbbbbbbbbbb
    && (cccccccccccccccc - dddddd * 3 < 5 || eeeeeeeeee)
}
`);
  });

  /** Comments are put into a text: formatting keeps each of them once, and the meaning, and does nothing more the second time. */
  function expectKept(source: string, seed: number): void {
    const { text, comments } = withComments(source, seed, seed % 3 === 0 ? 0.3 : 0.04);
    expect(messages(text), text).toEqual([]);
    const width = 40 + (seed % 70);
    const once = formatSource(text, { width });
    expect(messages(once), `${once}\nfrom\n${text}`).toEqual([]);
    expect(essence(parseSource(once).file, { docs: false })).toEqual(
      essence(parseSource(text).file, { docs: false }),
    );
    for (const comment of comments) expect(once.split(comment).length, `${comment} in\n${once}`).toBe(2);
    expect(formatSource(once, { width }), `${once}\nfrom\n${text}`).toBe(once);
  }

  test('keeps comments and meaning, wherever the comments stand', () => {
    for (let seed = 0; seed < 150; seed++) expectKept(EVERY_CONSTRUCT, seed);
  });

  test('keeps comments and meaning of any program', () => {
    fc.assert(
      fc.property(surfaceFile, fc.nat({ max: 1_000_000 }), (file, seed) => {
        expectKept(printFile(file, { width: 100 }), seed);
      }),
      { numRuns: 200 },
    );
  });

  test('refuses a text that is not well formed', () => {
    expect(() => formatSource('kernel k { let }')).toThrow(UserError);
  });

  test('is a prettier plugin', async () => {
    const { format } = await import('prettier/standalone');
    const options = { parser: 'attn', plugins: [plugin] };
    expect(await format(EVERY_CONSTRUCT, options)).toBe(formatSource(EVERY_CONSTRUCT));
    await expect(format('kernel k {\n  let = 2\n}', options)).rejects.toThrow(/E0101/);
  });
});
