/** Which kernels have rows that keep no key: what is proven, what is told, and what silences it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkRows, checkText } from '../../src/compile.ts';
import { codeRow } from '../../src/diagnostics/codes.ts';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { attnc } from '../support/cli.ts';

/** A kernel whose softmax over `j` the items restrict. */
const attention = (items: string, axes = 'i: N, j: M'): string =>
  `kernel k {\n  axes ${axes}\n  in s: f32[i, j]\n${items}\n  out y: f32[i] = logsumexp[j](s)\n}\n`;
/** The same where queries and keys are the same positions. */
const own = (items: string): string => attention(items, 'i: N, j: N');

function judged(text: string): { verdict: string | undefined; found: readonly Diagnostic[] } {
  const checked = checkText(text);
  expect(checked.diagnostics.filter((d) => d.severity === 'error')).toEqual([]);
  const [report] = checkRows(checked).values();
  return { verdict: report?.verdict, found: report?.diagnostics ?? [] };
}

/** Mask lines and what else they need. */
const PROVEN: readonly (readonly [name: string, text: string])[] = [
  ['earlier keys', attention('mask j <= i')],
  ['later keys of the same positions', own('mask j >= i')],
  ['keys aligned to the end', attention('require N <= M\nmask j <= i + (M - N)')],
  ['a window of at least one', own('param w: int = 4\nrequire w >= 1\nmask j <= i && i - j < w')],
  ['a requirement from the other side', own('param w: int = 4\nrequire 0 < w\nmask abs(i - j) < w')],
  ['a window around', attention('param w: int = 4\nrequire w > 0\nrequire M >= N\nmask abs(i - j) < w')],
  [
    'a window with the first keys',
    attention('param w: int = 4\nrequire w >= 0\nmask j <= i && (i - j < w || j < 2)'),
  ],
  [
    'one of two reasons',
    attention(
      'param w: int = 4\nparam n: int = 2\nrequire w >= 1 && N <= M || n >= 1\nmask j <= i && (i - j < w || j < n)',
    ),
  ],
  ['every third key', own('mask j <= i && (i - j) % 3 == 0')],
  ['every step-th key', own('param step: int = 4\nmask (i - j) % step == 0')],
  ['the first key of a residue', attention('require M >= 3\nmask (i - j) % 3 == 0')],
  ['blocks of a param', attention('param size: int = 4\nrequire size >= 1\nmask j / size <= i / size')],
  ['the own block', own('param size: int = 4\nrequire size >= 1\nmask j / size == i / size')],
  [
    'the own block by its ends',
    own('const size: int = 4\nmask i / size * size <= j && j < i / size * size + size'),
  ],
  [
    'neighbours of the own block',
    own(
      'param size: int = 8\nparam margin: int = 1\nrequire size >= 1 && margin >= 0\nmask i / size * size - margin <= j && j < i / size * size + size + margin',
    ),
  ],
  ['the same document', own('in id: i32[i]\nmask j <= i && id == id[i = j]')],
  ['a learned prefix', attention('in n: i32\nmask j <= i || j < n')],
  ['every key but one of two', attention('require M >= 2\nmask j != i')],
  ['clamped distances', own('mask clamp(i - j, -2, 2) == i - j')],
  ['a minimum', attention('mask j <= min(i, 3)')],
  ['a choice', attention('mask if i < 4 then j == 0 else j <= i')],
  ['a negation', attention('mask !(j > i)')],
  ['a definition', attention('let age = i - j\nmask age >= 0')],
  ['shifts as blocks', own('mask j >> 2 == i >> 2')],
  ['bits as residues', own('mask (j & 3) == (i & 3)')],
  ['a radius of floats', own('param r: float = 2.5\nrequire r >= 0.0\nmask abs(i - j) <= r')],
  ['a causal truth value', attention('param causal: bool = true\nmask !causal || j <= i')],
  [
    'shifted neighbours at a distance',
    own(
      'param size: int = 7\nparam step: int = 2\nrequire size >= 1 && step >= 1\nmask neighborhood_dilated(i, j, N, size, step)',
    ),
  ],
  ['more keys than a size', attention('mask j <= i', 'i: N, j: N + 3')],
];

/** What is told, word for word. */
const TOLD: readonly (readonly [name: string, text: string, message: string, hint: string | undefined])[] = [
  ['strictly earlier keys', attention('mask j < i'), 'row i = 0 keeps no key j when N = 1, M = 1', undefined],
  [
    'keys aligned to the end',
    attention('mask j <= i + (M - N)'),
    'row i = 0 keeps no key j when N = 2, M = 1',
    'require N <= M',
  ],
  [
    'a window of nothing',
    own('param w: int = 4\nmask j <= i && i - j < w'),
    'row i = 0 keeps no key j when N = 1, w = 0',
    'require w >= 1',
  ],
  [
    'a default that empties',
    own('param w: int = 0\nmask j <= i && i - j < w'),
    'row i = 0 keeps no key j when N = 1, w = 0',
    undefined,
  ],
  [
    'a window on other positions',
    attention('param w: int = 256\nmask abs(i - j) < w'),
    'row i = 0 keeps no key j when N = 1, M = 1, w = 0',
    '`require w >= 1` and `require N <= M`',
  ],
  [
    'a window without the first keys',
    attention('param w: int = 4\nparam n: int = 2\nmask j <= i && (i - j < w || j < n)'),
    'row i = 4 keeps no key j when N = 5, M = 1, w = 4, n = 0',
    'require n >= 1',
  ],
  [
    'a negative reach',
    own('param r: int = 3\nmask abs(i - j) <= r'),
    'row i = 0 keeps no key j when N = 1, r = -1',
    'require r >= 0',
  ],
  ['all keys but the own', own('mask j != i'), 'row i = 0 keeps no key j when N = 1', 'require N >= 2'],
  ['late keys', attention('mask j >= 3'), 'no key j is kept when M = 1', undefined],
  [
    'an offset',
    attention('param start: int = 0\nmask j >= start'),
    'no key j is kept when M = 1, start = 1',
    'require start < M',
  ],
  [
    'a truth value',
    attention('param on: bool = true\nmask on || j < i'),
    'row i = 0 keeps no key j when N = 1, M = 1, on = false',
    'require on',
  ],
  [
    'a float',
    own('param r: float = 2.5\nmask abs(i - j) <= r'),
    'row i = 0 keeps no key j when N = 1, r = -1',
    'require r >= 0.0',
  ],
  [
    'rows that a small size hides',
    attention('require N == M\nmask i + j < 4'),
    'row i = 4 keeps no key j when N = 5, M = 5',
    undefined,
  ],
];

const NOTED: readonly (readonly [name: string, text: string, message: string])[] = [
  ['lengths', attention('in n: i32\nmask j < n'), 'no key j is kept when M = 1, n = 0'],
  ['truth values', attention('in keep: bool[j]\nmask keep'), 'no key j is kept when M = 1, keep[0] = false'],
  [
    'positions',
    attention('in a: i32[i]\nin b: i32[j]\nmask b <= a'),
    'row i = 0 keeps no key j when N = 1, M = 1, b[0] = 1, a[0] = 0',
  ],
  [
    'values that are computed',
    attention('mask s > mean[j](s)'),
    'row i = 0 keeps no key j when N = 1, M = 1 for some values of `s`',
  ],
  [
    'what no small size shows',
    attention('mask i + j < 40'),
    'it is not known whether every row i keeps a key j',
  ],
];

describe('rows', () => {
  it.each(PROVEN)('keep a key: %s', (_, text) => {
    expect(judged(text)).toEqual({ verdict: 'proven', found: [] });
  });

  it.each(TOLD)('may keep no key: %s', (_, text, message, hint) => {
    const { verdict, found } = judged(text);
    expect({ verdict, told: found.map((d) => [d.code, d.severity, d.message]) }).toEqual({
      verdict: 'empty',
      told: [['W0908', 'warning', message]],
    });
    if (hint === undefined) expect(found[0]!.hint).not.toContain('add `require');
    else expect(found[0]!.hint).toContain(hint);
  });

  it.each(TOLD.filter(([, , , hint]) => hint !== undefined))(
    'are safe with what the hint adds: %s',
    (_, text) => {
      const lines = [...judged(text).found[0]!.hint!.matchAll(/`(require [^`]+)`/g)].map((m) => m[1]!);
      expect(lines.length).toBeGreaterThan(0);
      expect(judged(text.replace('mask', `${lines.join('\n')}\nmask`)).verdict).toBe('proven');
    },
  );

  it.each(NOTED)('depend on more: %s', (_, text, message) => {
    expect(judged(text).found.map((d) => [d.severity, d.message])).toEqual([['note', message]]);
  });

  it('are told with the mask lines', () => {
    const text = own('param w: int = 4\nmask j <= i\nmask i - j < w');
    const [d] = judged(text).found;
    const at = (span?: { start: number; end: number }): string => text.slice(span?.start, span?.end);
    expect(at(d!.span)).toBe('j <= i');
    expect(d!.labels!.map((l) => at(l.span))).toEqual(['i - j < w']);
  });

  it('are not told where the kernel asks for them', () => {
    const text = attention('in n: i32\nmask j < n\nmask j <= i\nout kept: bool[i] = any[j](true)');
    expect(judged(text)).toEqual({ verdict: 'asked', found: [] });
    expect(judged(text.replace('any[j](true)', 'any[j](s > 0.0)')).verdict).toBe('empty');
  });

  it('are those of the reduction that gives weights, not of the sums over it', () => {
    const items = 'mask j <= i\nlet p = softmax[j](s)\nout hit: f32[j] = sum[i](p)';
    expect(judged(attention(items)).verdict).toBe('proven');
    expect(judged(attention(items.replace('sum[i](p)', 'max[i](p)'))).verdict).toBe('empty');
  });

  it('matter only where masks restrict a reduction, not its own range', () => {
    expect(judged(attention('')).verdict).toBe('unmasked');
    expect(judged(attention('out first: f32[i] = max[j in 0..i](s)')).verdict).toBe('unmasked');
    expect(judged(attention('mask j <= i\nout first: f32[i] = max[j in 0..i](s)')).verdict).toBe('proven');
  });

  it('are looked at where they are computed', () => {
    const within = (inner: string): string =>
      `kernel k {\n axes i: N, j: N\n in s: f32[i, j]\n require N >= 2\n mask i > 0\n mask j < i\n out y: f32[] = ${inner}\n}`;
    expect(judged(within('sum[i](max[j](s))')).verdict).toBe('proven');
    expect(
      judged(attention('mask j < i\nlet m[i] = if i > 0 then max[j](s) else 0.0\nout m: f32[i]')).verdict,
    ).toBe('empty');
  });

  it('are judged over several axes at once', () => {
    const image = (items: string): string =>
      `kernel k {\n axes iy: Y, ix: X, jy: Y, jx: X\n in s: f32[iy, ix, jy, jx]\n param r: int = 3\n${items}\n mask abs(iy - jy) <= r && abs(ix - jx) <= r\n out y: f32[iy, ix] = max[jy, jx](s)\n}`;
    expect(judged(image(' require r >= 0')).verdict).toBe('proven');
    expect(judged(image('')).found[0]!.message).toBe(
      'row iy = 0, ix = 0 keeps no key jy, jx when Y = 1, X = 1, r = -1',
    );
  });

  it('are explained with an example that has one', () => {
    const page = codeRow('W0908')!.explanation;
    const example = /```attn\n([^]*?)\n```/.exec(page)![1]!;
    expect(judged(`kernel k {\n${example}\n}`).found[0]!.message).toContain('width = 0');
    expect(judged(`kernel k {\n${example}\nrequire width >= 1\n}`).verdict).toBe('proven');
    expect(judged(`kernel k {\n${example}\n${/`(out kept[^`]+)`/.exec(page)![1]!}\n}`).verdict).toBe('asked');
  });

  it('are told once for each kernel', () => {
    const text = own('mask j < i\nout a: f32[i] = max[j](s)\nout b: f32[i] = min[j](s + 1.0)');
    expect(judged(text).found).toHaveLength(1);
  });
});

/** Examples of which nothing is proven and no small launch shows an empty row, and why. */
const OPEN: readonly (readonly [name: string, why: string])[] = [
  ['dilated_heads', 'steps are a tensor: a query sees itself whatever they are, except 0'],
  ['flatformer', 'a place that is left over holds what the group before has there'],
  ['iared2', 'the first token is always in the list, whose length is a sum'],
  ['mask2former', 'a query whose region is empty sees everything'],
  [
    'masked_cross',
    'offsets are a tensor: only where one is below 0 do the first rows see nothing, as is meant',
  ],
  ['moba', 'the own block is ranked first'],
  ['outlook', 'patches are wider than centres are apart, so that one covers each pixel'],
  ['pine', 'without a document nothing is weighed, and all keys lie where they are'],
];

describe('the examples', () => {
  const folder = join(import.meta.dirname, '../../examples');
  const files = readdirSync(folder).filter((f) => f.endsWith('.attn'));

  it('have no rows that sizes and params alone empty', () => {
    const verdicts = files.map((f) => {
      const { verdict, found } = judged(readFileSync(join(folder, f), 'utf8'));
      expect({ f, warned: found.filter((d) => d.severity === 'warning') }).toEqual({ f, warned: [] });
      return verdict;
    });
    expect(files.filter((_, n) => verdicts[n] === 'open')).toEqual(OPEN.map(([name]) => `${name}.attn`));
    const masked = verdicts.filter((v) => v !== 'unmasked');
    // The others have lengths, adjacency or positions, which tensors decide.
    expect(masked.filter((v) => v === 'proven').length).toBeGreaterThan(masked.length / 2);
  });
});

describe('attnc check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'attnc-rows-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const written = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('warns, and does not fail', async () => {
    const path = written('late.attn', own('param w: int = 4\nmask i - j < w && j <= i'));
    const { code, stderr, stdout } = await attnc('check', path);
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${path}: 1 kernel, no errors\n` });
    expect(stderr).toContain('warning[W0908]: row i = 0 keeps no key j when N = 1, w = 0');
    expect(stderr).toContain(`${path}:5:6`);
    expect(stderr).toContain('hint: add `require w >= 1`');
    expect((await attnc('explain', 'W0908')).stdout).toContain('a row that keeps no element');
  });

  it('says in JSON what is proven', async () => {
    const good = written('good.attn', own('mask j <= i'));
    const late = written('bad.attn', own('mask j < i'));
    const { code, json } = await attnc('check', good, late, '--json');
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      ok: true,
      rows: { [good]: { k: 'proven' }, [late]: { k: 'empty' } },
      diagnostics: [{ code: 'W0908', severity: 'warning', place: { source: late, line: 4 } }],
    });
  });
});
