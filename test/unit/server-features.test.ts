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
import { DEFAULT_SETTINGS } from '../../src/server/lowering.ts';
import { outlineOf, type OutlineEntry } from '../../src/server/outline.ts';
import { renameableAt, renameAt } from '../../src/server/rename.ts';
import { semanticTokens } from '../../src/server/semantic-tokens.ts';
import { signatureAt } from '../../src/server/signature.ts';
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
