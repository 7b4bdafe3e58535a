import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODES } from '../../src/diagnostics/codes.ts';
import { MODEL_CODES } from '../../src/diagnostics/codes-model.ts';
import { renderDiagnostics } from '../../src/diagnostics/render.ts';
import { checkFile } from '../../src/model/check.ts';
import type { Loader } from '../../src/model/model.ts';
import { lowerKernel } from '../../src/ir/from-model.ts';
import { verifyIr } from '../../src/ir/verify.ts';
import { parseSource } from '../../src/syntax/parse.ts';
import { expectGolden } from '../support/golden.ts';
import { mutate, seededRandom } from '../support/mutate.ts';

const folder = join(import.meta.dirname, '../errors');
const examples = join(import.meta.dirname, '../../examples');
const files = readdirSync(folder).filter((f) => /^model-.*\.attn$/.test(f));
const codes = MODEL_CODES.filter((r) => /^E0[234]|^W/.test(r.code));

const imported: Readonly<Record<string, string>> = {
  './cycle.attn': 'import "./cycle.attn"\nfn f(x) = x',
  './broken.attn': 'fn f(x) = y',
  './good.attn': 'fn half(x) = 0.5 * x',
};
const loader: Loader = (path) => imported[path];

function check(text: string, source = '<input>') {
  const parsed = parseSource(text, source);
  return { parsed, ...checkFile(parsed.file, loader) };
}

describe('model errors', () => {
  test.each(files)('%s', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    const { parsed, diagnostics } = check(text, file);
    expect(parsed.diagnostics).toEqual([]);
    expect(diagnostics.map((d) => d.code)).toContain(file.slice(6, 11));
    const source = (name: string): string | undefined => (name === file ? text : imported[`./${name}`]);
    expectGolden(join(folder, file.replace(/attn$/, 'txt')), renderDiagnostics(diagnostics, source));
  });

  test('every code of the model has a text that shows it', () => {
    const shown = new Set(files.map((f) => f.slice(6, 11)));
    expect(codes.map((r) => r.code).filter((c) => !shown.has(c))).toEqual([]);
  });

  test('every example in an explanation has the error that it explains', () => {
    let count = 0;
    for (const { code, explanation } of codes)
      for (const [, text] of explanation.matchAll(/```attn\n([^]*?)\n```/g)) {
        count++;
        const found = [text!, `kernel k {\n${text}\n}`].flatMap((t) => {
          const { parsed, diagnostics } = check(t);
          return parsed.diagnostics.length > 0 ? [] : diagnostics.map((d) => d.code);
        });
        expect(found, text).toContain(code);
      }
    expect(count).toBeGreaterThan(30);
  });

  test('every code that is reported is in the table', () => {
    for (const f of files)
      for (const d of check(readFileSync(join(folder, f), 'utf8')).diagnostics)
        expect(CODES.has(d.code), d.code).toBe(true);
  });

  test('an error in a definition is reported once, however often it is read', () => {
    const { diagnostics } = check(
      'kernel k { axes i: N\n in x: f32[i]\n let a = x + nope\n let b = a + 1\n out b\n out c: f32[i] = a + b }',
    );
    expect(diagnostics.map((d) => d.code)).toEqual(['E0201']);
  });
});

describe('tolerance', () => {
  const texts = readdirSync(examples)
    .filter((f) => f.endsWith('.attn'))
    .map((f) => readFileSync(join(examples, f), 'utf8'));

  test('no text makes the checker throw', () => {
    let broken = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const text = mutate(texts[seed % texts.length]!, seed);
      const { parsed, diagnostics } = check(text);
      if (parsed.diagnostics.length + diagnostics.length > 0) broken++;
      for (const d of diagnostics) expect(d.span, d.message).toBeDefined();
    }
    expect(broken).toBeGreaterThan(1000);
  });

  /** The text with one or two of its words, numbers or operators in the place of others. */
  function shuffle(text: string, seed: number): string {
    const random = seededRandom(seed);
    const words = [...text.matchAll(/[A-Za-z_]\w*|\d+(\.\d+)?|[-+*/%<>=!&|^]+/g)];
    const pick = () => words[Math.floor(random() * words.length)]!;
    const [a, b] = [pick(), pick()];
    return text.slice(0, a.index) + b[0] + text.slice(a.index + a[0].length);
  }

  test('what checks without an error lowers to sound IR', () => {
    let sound = 0;
    for (let seed = 0; seed < 1500; seed++) {
      const text = shuffle(texts[seed % texts.length]!, seed);
      const { parsed, diagnostics, model } = check(text);
      if ([...parsed.diagnostics, ...diagnostics].some((d) => d.severity === 'error')) continue;
      for (const k of model.kernels) verifyIr(lowerKernel(model, k.name));
      sound++;
    }
    expect(sound).toBeGreaterThan(200);
  });

  test('functions that multiply are refused in time', () => {
    const chain = Array.from({ length: 40 }, (_, n) => `fn g${n}(x) = g${n + 1}(x) + g${n + 1}(x)`).join(
      '\n',
    );
    const { diagnostics } = check(
      `${chain}\nfn g40(x) = x * x\nkernel k { axes i: N\n in x: f32[i]\n out y: f32[i] = g0(x) }`,
    );
    expect(diagnostics.map((d) => d.code)).toContain('E0222');
    const deep = Array.from({ length: 400 }, (_, n) => `fn g${n}(x) = g${n + 1}(x)`).join('\n');
    const result = check(
      `${deep}\nfn g400(x) = x\nkernel k { axes i: N\n in x: f32[i]\n out y: f32[i] = g0(x) }`,
    );
    expect(result.diagnostics.map((d) => d.code)).toEqual(['E0222']);
  });
});
