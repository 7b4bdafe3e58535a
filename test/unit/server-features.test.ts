/** Features of the language server as functions: on every example, and on examples broken at random. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEYWORDS, SCALAR_TYPES, STORAGE_TYPES } from '../../grammar/tokens.ts';
import type { Span } from '../../src/diagnostics/diagnostic.ts';
import { analyse, kernelAt, useAt, type Analysis } from '../../src/server/analysis.ts';
import { codeActionsAt } from '../../src/server/code-actions.ts';
import { completionsAt } from '../../src/server/completion.ts';
import { definitionAt, referencesAt, usesHere } from '../../src/server/definition.ts';
import { problemsOf } from '../../src/server/diagnostics.ts';
import { formattingEdits, type Edit } from '../../src/server/formatting.ts';
import { hoverAt } from '../../src/server/hover.ts';
import { inlayHints } from '../../src/server/inlay-hints.ts';
import { KernelCache } from '../../src/server/kernel-cache.ts';
import { keyOf, uriOf } from '../../src/server/keys.ts';
import { Lines } from '../../src/server/lines.ts';
import { DEFAULT_SETTINGS } from '../../src/server/lowering.ts';
import { outlineOf, type OutlineEntry } from '../../src/server/outline.ts';
import { renameableAt, renameAt } from '../../src/server/rename.ts';
import { semanticTokens } from '../../src/server/semantic-tokens.ts';
import { signatureAt } from '../../src/server/signature.ts';
import { parseVirtual, virtualText, virtualUri } from '../../src/server/virtual.ts';
import { Workspace } from '../../src/server/workspace.ts';
import { mutate, seededRandom } from '../support/mutate.ts';

const folder = join(import.meta.dirname, '../../examples');
const examples = readdirSync(folder)
  .filter((n) => n.endsWith('.attn'))
  .map((n) => ({ key: `/examples/${n}`, text: readFileSync(join(folder, n), 'utf8') }));
const WORDS = new Set([...KEYWORDS, ...STORAGE_TYPES, ...SCALAR_TYPES].map((k) => k.word));

const opened = (key: string, text: string): { readonly w: Workspace; readonly a: Analysis } => {
  const w = new Workspace({ read: () => undefined });
  w.set(key, text);
  return { w, a: w.analysis(key)! };
};
const apply = (text: string, edits: readonly Edit[]): string =>
  [...edits]
    .sort((x, y) => y.span.start - x.span.start)
    .reduce((t, e) => t.slice(0, e.span.start) + e.text + t.slice(e.span.end), text);

/** Asks everything about one document at some places, and holds the answers against what editors rely on. */
function askEverything(w: Workspace, a: Analysis, offsets: readonly number[], compiled: boolean): void {
  // `expect` at each of a million places would be most of the time.
  const hold = (fact: boolean, what: string): void => {
    if (!fact) throw new Error(`${what} in ${JSON.stringify(a.text)}`);
  };
  const inside = (s: Span): void =>
    hold(s.source === a.key && 0 <= s.start && s.start <= s.end && s.end <= a.text.length, 'a span outside');
  const nested = (e: OutlineEntry): void => {
    inside(e.span);
    hold(e.name !== '' && e.place.start >= e.span.start && e.place.end <= e.span.end, 'an entry outside');
    e.children.forEach(nested);
  };
  for (const p of problemsOf(a)) inside(p.span);
  outlineOf(a).forEach(nested);
  let last = 0;
  for (const t of semanticTokens(a)) {
    inside(t.span);
    hold(t.span.start >= last, 'overlapping tokens');
    last = t.span.end;
  }
  for (const h of inlayHints(a)) inside({ source: a.key, start: h.offset, end: h.offset });
  for (const e of formattingEdits(a)) inside(e.span);
  for (const offset of offsets) {
    hold(
      completionsAt(a, offset).every((c) => c.label !== ''),
      'an empty completion',
    );
    const s = signatureAt(a, offset);
    for (const [from, to] of s?.parts ?? []) hold(s!.label.slice(from, to) !== '', 'an empty argument');
    definitionAt(a, offset);
    for (const u of usesHere(a, offset)) inside(u.span);
    referencesAt(w, a, offset, true);
    renameAt(w, a, offset, 'fresh_name');
    codeActionsAt(a, offset, offset);
    // What a value becomes takes a compilation.
    if (compiled || !kernelAt(a, offset)?.model.ok) hoverAt(a, offset, DEFAULT_SETTINGS);
  }
}

describe('every example', () => {
  it('has a meaning for every name', () => {
    const unknown = examples.flatMap(({ key, text }) => {
      const a = analyse(key, text, () => undefined);
      const names = a.tokens.filter((t) => /^[A-Za-z_]/.test(t.image) && !WORDS.has(t.image));
      return names
        .filter((t) => useAt(a, t.startOffset)?.span.start !== t.startOffset)
        .map((t) => `${key}:${t.startLine} ${t.image}`);
    });
    expect(unknown).toEqual([]);
  });

  it('answers everything', () => {
    for (const [n, { key, text }] of examples.entries()) {
      const { w, a } = opened(key, text);
      expect(a.diagnostics, key).toEqual([]);
      const random = seededRandom(n);
      const offsets = Array.from({ length: 6 }, () => Math.floor(random() * (text.length + 1)));
      askEverything(w, a, offsets, n % 25 === 0);
    }
  });

  it('means the same under other names', () => {
    for (const [n, { key, text }] of examples.entries()) {
      if (n % 4 !== 0) continue;
      const { w, a } = opened(key, text);
      const random = seededRandom(n);
      const all = a.references.filter((r) => renameableAt(a, r.span.start));
      const use = all[Math.floor(random() * all.length)]!;
      const made = renameAt(w, a, use.span.start, 'fresh_name');
      if ('refused' in made) throw new Error(`${key} ${use.symbol.name}: ${made.refused}`);
      const renamed = apply(
        text,
        made.edits.map((span) => ({ span, text: 'fresh_name' })),
      );
      const after = opened(key, renamed);
      expect(after.a.diagnostics, `${key} ${use.symbol.name}`).toEqual([]);
      const place = renamed.indexOf('fresh_name');
      const back = renameAt(after.w, after.a, place, use.symbol.name);
      if ('refused' in back) throw new Error(`${key} ${use.symbol.name}: ${back.refused}`);
      expect(
        apply(
          renamed,
          back.edits.map((span) => ({ span, text: use.symbol.name })),
        ),
      ).toBe(text);
    }
  });
});

describe('broken texts', () => {
  it('are answered about without an exception', () => {
    for (let seed = 0; seed < 300; seed++) {
      const { key, text } = examples[(seed * 7) % examples.length]!;
      const broken = mutate(text, seed);
      const { w, a } = opened(key, broken);
      const random = seededRandom(seed + 1000);
      const offsets = Array.from({ length: 5 }, () => Math.floor(random() * (broken.length + 1)));
      askEverything(w, a, [0, ...offsets, broken.length], false);
    }
  });

  it('still have names, an outline and completion', () => {
    const text =
      'kernel k {\n  axes i: N, j: M\n  in x: f32[i, j]\n  let y = sum[j](x\n  out y: f32[i]\n  let z = ';
    const { a } = opened('/k.attn', text);
    expect(outlineOf(a)[0]!.children.map((c) => c.name)).toEqual(expect.arrayContaining(['i', 'j', 'x']));
    expect(completionsAt(a, text.length).map((c) => c.label)).toEqual(
      expect.arrayContaining(['x', 'i', 'sum', 'softmax']),
    );
    expect(hoverAt(a, text.indexOf('x:'), DEFAULT_SETTINGS)?.markdown).toContain('in x: f32[i, j]');
  });
});

describe('what is remembered between versions', () => {
  /** Everything that is known, getters read. */
  const shown = (a: Analysis): string => JSON.stringify([a.model.kernels, a.diagnostics, a.references]);

  it('is what a new check says', () => {
    const own =
      'fn twice(x) = 2.0 * x\nkernel own {\n  axes i: N\n  in x: f32[i]\n  out y: f32[i] = twice(x)\n}\n';
    const some = [3, 40, 90].map((n) => examples[n]!.text.replace(/^kernel (\w+)/gm, `kernel $1_${n}`));
    const first = [some[0], own, ...some.slice(1)].join('\n');
    const cache = new KernelCache();
    let reused = 0;
    for (let seed = 0; seed < 60; seed++) {
      // Letters of a comment, blank lines, a changed number, a function that changes, or damage.
      const random = seededRandom(seed);
      const lines = first.split('\n');
      const at = Math.floor(random() * lines.length);
      const edits = [
        () => lines.splice(at, 0, `// ${'x'.repeat(seed % 7)}`),
        () => lines.splice(at, 0, ''),
        () => (lines[at] = lines[at]!.replace(/\d/, '7')),
        () =>
          (lines[lines.indexOf('fn twice(x) = 2.0 * x')] =
            `fn twice(x${seed % 2 ? '' : ', y'}) = ${seed}.0 * x`),
      ];
      const damaged = seed % 5 === 4;
      if (!damaged) edits[seed % 5]!();
      const text = damaged ? mutate(first, seed) : lines.join('\n');
      const [before, after] = [text, text].map((t, n) =>
        analyse('/k.attn', t, () => undefined, n === 0 ? new KernelCache() : cache),
      );
      // Compared as texts: they are megabytes, of which no reader wants a list of differences.
      expect(shown(after!) === shown(before!), `version ${seed}`).toBe(true);
      const again = analyse('/k.attn', text, () => undefined, cache);
      reused += again.model.kernels.filter((k, n) => k === after!.model.kernels[n]).length;
    }
    expect(reused).toBeGreaterThan(120);
  });
});

describe('changes that mend', () => {
  it.each([
    ['out y: f32[i] = summ[j](x)', 'out y: f32[i] = sum[j](x)'],
    ['out y: f32[i] = sum[j](scroes)', 'out y: f32[i] = sum[j](scores)'],
    ['out y: f33[i] = sum[j](x)', 'out y: f32[i] = sum[j](x)'],
    ['out y: f32[i] = sum[j](2x)', 'out y: f32[i] = sum[j](2 * x)'],
    ['mask i ≤ j\n  out y: f32[i] = sum[j](x)', 'mask i <= j\n  out y: f32[i] = sum[j](x)'],
    ['ouf y: f32[i] = sum[j](x)', 'out y: f32[i] = sum[j](x)'],
    ['param w: float = 2.0\n  out y: f32[i] = sum[j](x)', 'out y: f32[i] = sum[j](x)'],
  ])('%s', (wrong, right) => {
    const source = (items: string): string =>
      `kernel k {\n  axes i: N, j: M\n  in scores: f32[i, j]\n  let x = 2 * scores\n  ${items}\n}\n`;
    const { a } = opened('/k.attn', source(wrong));
    const fix = codeActionsAt(a, 0, a.text.length).find((x) => x.kind === 'fix');
    expect(apply(a.text, fix?.kind === 'fix' ? fix.edits : [])).toBe(source(right));
  });
});

describe('views', () => {
  const { key, text } = examples.find((e) => e.key.endsWith('/causal.attn'))!;
  const a = analyse(key, text, () => undefined);
  const kernel = a.model.kernels[0]!.name;

  it('have names that lead back to what they are of', () => {
    for (const of of [key, '/a b/ü?#.attn', 'untitled:Untitled-1']) {
      const name = { view: 'mask', kernel: 'k', of } as const;
      expect(parseVirtual(virtualUri(name))).toEqual(name);
      expect(keyOf(uriOf(of))).toBe(of);
    }
    expect(parseVirtual('attnc:/wgsl/k.wgsl?{}')).toBeUndefined();
    expect(parseVirtual('file:///k.wgsl?%')).toBeUndefined();
  });

  it('show each level, and say what stands against one', () => {
    const show = (view: 'ir' | 'tile' | 'kernel' | 'mask', of = a): string =>
      virtualText(of, { view, kernel, of: key }, DEFAULT_SETTINGS);
    expect(show('ir')).toMatch(/^kernel causal/);
    expect(show('tile')).toMatch(/stream j: M/);
    expect(show('kernel')).toMatch(/causal/);
    const broken = analyse(key, text.replace('out ', 'out <'), () => undefined);
    expect(show('tile', broken)).toBe('// the file has errors\n');
    expect(show('mask', broken)).toMatch(/^<svg.*the file has errors/);
  });
});

it('places and offsets agree', () => {
  const text = 'a\r\nbc\n\nü\rd';
  const lines = new Lines(text);
  expect(lines.count).toBe(5);
  for (let n = 0; n <= text.length; n++)
    if (text[n] !== '\n' || text[n - 1] !== '\r') expect(lines.offsetOf(lines.placeOf(n))).toBe(n);
  expect(lines.offsetOf({ line: 0, character: 9 })).toBe(1);
  expect(lines.offsetOf({ line: 9, character: 0 })).toBe(text.length);
});
