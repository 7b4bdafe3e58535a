/** Parts of the language server: what it remembers, changes that mend errors, views, places. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyse, type Analysis } from '../../src/server/analysis.ts';
import { codeActionsAt } from '../../src/server/code-actions.ts';
import type { Edit } from '../../src/server/formatting.ts';
import { KernelCache } from '../../src/server/kernel-cache.ts';
import { keyOf, uriOf } from '../../src/server/keys.ts';
import { Lines } from '../../src/server/lines.ts';
import { DEFAULT_SETTINGS } from '../../src/server/lowering.ts';
import { parseVirtual, virtualText, virtualUri } from '../../src/server/virtual.ts';
import { mutate, seededRandom } from '../support/mutate.ts';

const folder = join(import.meta.dirname, '../../examples');
const examples = readdirSync(folder)
  .filter((n) => n.endsWith('.attn'))
  .map((n) => ({ key: `/examples/${n}`, text: readFileSync(join(folder, n), 'utf8') }));
const apply = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((t, e) => t.slice(0, e.span.start) + e.text + t.slice(e.span.end), text);

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
    const a = analyse('/k.attn', source(wrong), () => undefined);
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
