import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import {
  diagnosticJson,
  positionAt,
  renderDiagnostic,
  renderDiagnostics,
} from '../../src/diagnostics/render.ts';
import { didYouMean, editDistance, suggest } from '../../src/diagnostics/suggest.ts';

const text = 'kernel k {\n  axes i: N\n\tlet a = b\n  let c = a\r\n  out c\n}\n';
const at = (word: string, source = 'k.attn') => {
  const start = text.indexOf(word);
  return { source, start, end: start + word.length };
};
const base: Diagnostic = { code: 'E0203', severity: 'error', message: 'unknown name `b`', span: at('b\n') };
const only = (source: string): string | undefined => (source === 'k.attn' ? text : undefined);

describe('code frames', () => {
  test('show the line, the place and the hint', () => {
    const d = { ...base, span: { ...base.span!, end: base.span!.start + 1 }, hint: 'did you mean `a`?' };
    expect(renderDiagnostic(d, only)).toBe(
      [
        'error[E0203]: unknown name `b`',
        ' --> k.attn:3:10',
        '  |',
        '3 |  let a = b',
        '  |          ^',
        '  = hint: did you mean `a`?',
      ].join('\n'),
    );
  });
  test('show labels in the order of their lines, and skip what is between', () => {
    const labels = [
      { span: at('out c'), text: 'used here' },
      { span: at('i: N'), text: 'declared here' },
    ];
    expect(renderDiagnostic({ ...base, span: at('a = b'), labels }, only)).toBe(
      [
        'error[E0203]: unknown name `b`',
        ' --> k.attn:3:6',
        '  |',
        '2 |   axes i: N',
        '  |        ---- declared here',
        '3 |  let a = b',
        '  |      ^^^^^',
        '  ...',
        '5 |   out c',
        '  |   ----- used here',
      ].join('\n'),
    );
  });
  test('two marks on one line share it', () => {
    const labels = [{ span: at('let a'), text: 'here' }];
    expect(renderDiagnostic({ ...base, span: at('b\n'), labels }, only).match(/let a = b/g)).toHaveLength(1);
  });
  test('do without a source that is not at hand, and without a place', () => {
    const labels = [{ span: at('x', 'std:rope'), text: 'called from here' }];
    expect(renderDiagnostic({ ...base, labels }, only)).toContain('--> std:rope: called from here');
    expect(renderDiagnostic({ code: 'E0701', severity: 'warning', message: 'no file' }, only)).toBe(
      'warning[E0701]: no file',
    );
  });
  test('show a part of a line of a megabyte, and no control characters', () => {
    const long = `${'x '.repeat(500_000)}\u001b[31m?`;
    const span = { source: 'long', start: 600_000, end: 600_001 };
    const frame = renderDiagnostic({ ...base, span }, () => long);
    expect(frame.length).toBeLessThan(1000);
    const [, , , line, caret] = frame.split('\n');
    expect(line![caret!.indexOf('^')]).toBe('x');
    const end = { source: 'long', start: long.length - 1, end: long.length };
    expect(renderDiagnostic({ ...base, span: end }, () => long)).not.toContain('\u001b');
  });
  test('colours wrap text and change nothing else', () => {
    const paint = (open: string) => (s: string) => `<${open}>${s}</>`;
    const colours = { error: paint('e'), bold: paint('b'), dim: paint('d') };
    const coloured = renderDiagnostic({ ...base, hint: 'x' }, only, colours);
    expect(coloured).toContain('<e>error[E0203]</>');
    expect(coloured.replace(/<[ebd/]*>/g, '')).toBe(renderDiagnostic({ ...base, hint: 'x' }, only));
  });
  test('end with a count', () => {
    const warning: Diagnostic = { code: 'W0901', severity: 'warning', message: 'unused' };
    expect(renderDiagnostics([base, warning, warning], only)).toMatch(/\n\n1 error, 2 warnings\n$/);
    expect(renderDiagnostics([], only)).toBe('');
  });
  test('have a form for programs', () => {
    const json = diagnosticJson({ ...base, labels: [{ span: at('x', 'other'), text: 't' }] }, only);
    expect(json.place).toMatchObject({ source: 'k.attn', line: 3, column: 10, endLine: 4, endColumn: 1 });
    expect(json.labels?.[0]?.place).not.toHaveProperty('line');
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
});

describe('positions', () => {
  test('count lines as editors do', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab\n\r]*$/), fc.nat({ max: 40 }), (s, offset) => {
        const lines = s.slice(0, offset).split(/\r\n|\n|\r/);
        // Between the two characters of a line break, the line has not ended yet.
        fc.pre(!(s[offset - 1] === '\r' && s[offset] === '\n'));
        expect(positionAt(s, offset)).toEqual({ line: lines.length, column: lines.at(-1)!.length + 1 });
      }),
    );
  });
});

describe('suggestions', () => {
  /** The definition, without the limit. */
  function distance(a: string, b: string): number {
    if (a === '' || b === '') return a.length + b.length;
    const same = a[0] === b[0] ? 0 : 1;
    let best = Math.min(
      distance(a.slice(1), b) + 1,
      distance(a, b.slice(1)) + 1,
      distance(a.slice(1), b.slice(1)) + same,
    );
    if (a.length > 1 && b.length > 1 && a[0] === b[1] && a[1] === b[0]) {
      best = Math.min(best, distance(a.slice(2), b.slice(2)) + 1);
    }
    return best;
  }
  test('edit distance is the least number of edits', () => {
    const word = fc.stringMatching(/^[abc]{0,5}$/);
    fc.assert(
      fc.property(word, word, fc.nat({ max: 5 }), (a, b, limit) => {
        expect(editDistance(a, b, limit)).toBe(Math.min(distance(a, b), limit + 1));
      }),
    );
  });
  test('are near or absent', () => {
    expect(suggest('sofmax', ['sigmoid', 'softmax', 'softplus'])).toBe('softmax');
    expect(suggest('sotfmax', ['softmax'])).toBe('softmax');
    expect(suggest('d', ['e', 'D'])).toBe('D');
    expect(suggest('q', ['k', 'v'])).toBeUndefined();
    expect(suggest('window', ['sinks', 'keys'])).toBeUndefined();
    expect(suggest('keys', ['keys', 'key'])).toBe('key');
    expect(didYouMean('lett', ['let', 'out'])).toBe('did you mean `let`?');
    expect(didYouMean('zzzz', ['let'])).toBeUndefined();
  });
});
