import { describe, expect, test } from 'vitest';
import type { Span } from '../../src/diagnostics/diagnostic.ts';
import { CODES } from '../../src/diagnostics/codes.ts';
import { diagnosticJson, renderDiagnostics } from '../../src/diagnostics/render.ts';
import { formatSource } from '../../src/format/format.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { printFile } from '../../src/syntax/print.ts';
import { fileExprs, walkExpr } from '../../src/syntax/walk.ts';
import { mutate } from '../support/mutate.ts';
import { EVERY_CONSTRUCT } from '../support/sources.ts';

/** Parses and checks everything that holds for any text; gives the processor time in milliseconds and the number of errors. */
function survives(text: string): { readonly time: number; readonly errors: number } {
  const start = process.cpuUsage();
  const { file, diagnostics } = parseSource(text, 'fuzz.attn');
  // Time of this process alone: other work on the machine says nothing about the parser.
  const { user, system } = process.cpuUsage(start);
  const time = (user + system) / 1000;
  const problems: string[] = [];
  // Plain conditions: an `expect` for each node of a large tree would take longer than the parse.
  const must = (holds: boolean, what: string): void => void (holds || problems.push(what));
  const inside = (span: Span): boolean =>
    0 <= span.start && span.start <= span.end && span.end <= text.length;
  must(diagnostics.length <= 20, 'at most 20 diagnostics');
  for (const d of diagnostics) {
    must(CODES.has(d.code), `the code ${d.code} is in the table`);
    must(d.span !== undefined && inside(d.span), 'a diagnostic points into the text');
  }
  for (const root of fileExprs(file)) {
    walkExpr(root, (e, depth) => {
      must(depth <= 500, 'no deeper than 500');
      must(inside(e.span), 'an expression lies in the text');
      must(e.kind !== 'error' || diagnostics.length > 0, 'an error node has a diagnostic');
    });
  }
  const frames = renderDiagnostics(diagnostics, () => text);
  must((diagnostics.length === 0) === (frames === ''), 'diagnostics are shown');
  JSON.stringify(diagnostics.map((d) => diagnosticJson(d, () => text)));
  const printed = printFile(file);
  must(
    diagnostics.length > 0 || parseSource(printed).diagnostics.length === 0,
    'what is printed can be read',
  );
  expect(problems).toEqual([]);
  return { time, errors: diagnostics.length };
}

describe('any text', () => {
  test('a thousand damaged texts are read in a second each', () => {
    let broken = 0;
    for (let seed = 0; seed < 1000; seed++) {
      const text = mutate(EVERY_CONSTRUCT, seed);
      const { time, errors } = survives(text);
      expect(time, `seed ${seed}`).toBeLessThan(1000);
      if (errors > 0) broken++;
      else {
        const once = formatSource(text);
        expect(formatSource(once), `seed ${seed}`).toBe(once);
      }
    }
    // The mutator must neither leave texts alone nor ruin all of them.
    expect(broken).toBeGreaterThan(500);
    expect(broken).toBeLessThan(1000);
  });

  const size = 200_000;
  const repeat = (piece: string): string => piece.repeat(Math.floor(size / piece.length));
  test.each([
    ['open parentheses', `kernel k { let a = ${'('.repeat(10_000)}1`],
    ['balanced parentheses', `kernel k { let a = ${'('.repeat(10_000)}1${')'.repeat(10_000)} }`],
    ['nested calls', `kernel k { let a = ${'f[i]('.repeat(10_000)}1${')'.repeat(10_000)} }`],
    ['nested indices', `kernel k { let a = ${'x['.repeat(10_000)}1${']'.repeat(10_000)} }`],
    ['as deep as allowed', `kernel k { let a = ${'f[i]('.repeat(98)}1${')'.repeat(98)} }`],
    ['nested conditions', `kernel k { let a = ${'if '.repeat(10_000)}1 }`],
    ['else if', `kernel k { let a = ${'if a then b else '.repeat(10_000)}1 }`],
    ['signs', `kernel k { let a = ${'-'.repeat(size)}1 }`],
    ['a sum', `kernel k { let a = ${repeat('1 + ')}1 }`],
    ['powers', `kernel k { let a = ${repeat('a ** ')}1 }`],
    ['comparisons', `kernel k { let a = ${repeat('a < ')}1 }`],
    ['arguments', `kernel k { let a = f(${repeat('a, ')}1) }`],
    ['items', `kernel k {\n${repeat('let x = sum[d](q * k) * D ** -0.5\n')}}`],
    ['items on one line', `kernel k { ${repeat('let x = q ')}}`],
    ['broken items', `kernel k {\n${repeat('let x = = q\n')}}`],
    ['kernels', repeat('kernel k {}')],
    ['closing brackets', repeat(')')],
    ['commas', repeat(',')],
    ['words', repeat('a ')],
    ['keywords', repeat('let in ')],
    ['numbers', repeat('1.')],
    ['digits', repeat('1')],
    ['quotes', repeat('"')],
    ['comments', repeat('// a\n')],
    ['block comments', repeat('/*')],
    ['foreign characters', repeat('@ a ')],
    ['foreign lines', repeat('@\n')],
    ['nothing', repeat('\n')],
    ['nulls', repeat('\0')],
    ['lone surrogates', repeat('\ud800')],
  ])('%s', (_, text) => {
    // The best of two, since the first may pay for collecting earlier garbage.
    expect(Math.min(survives(text).time, survives(text).time)).toBeLessThan(1000);
  });
});
