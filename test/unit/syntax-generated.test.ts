import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generateGrammarFiles } from '../../grammar/generate.ts';
import { textMateGrammar } from '../../grammar/textmate.ts';
import { KEYWORDS, lexer } from '../../grammar/tokens.ts';
import { EVERY_CONSTRUCT } from '../support/sources.ts';

const root = join(import.meta.dirname, '../..');

describe('generated grammar files', () => {
  test.each(generateGrammarFiles().map((f) => [f.path, f.text]))('%s is up to date', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8'), 'run `npm run generate`').toBe(text);
  });

  interface Rule {
    readonly match: string;
    readonly name?: string;
    readonly captures?: Record<string, { readonly name: string }>;
  }
  const { patterns } = textMateGrammar() as unknown as { readonly patterns: readonly Rule[] };

  /** What an editor does with these rules: the earliest match wins, and the first rule among equals. */
  function scopes(line: string): Map<number, string> {
    const out = new Map<number, string>();
    for (let from = 0; from < line.length;) {
      const hits = patterns.flatMap((rule) => {
        const regex = new RegExp(rule.match, 'dg');
        regex.lastIndex = from;
        const hit = regex.exec(line);
        return hit ? [{ rule, hit }] : [];
      });
      if (hits.length === 0) break;
      const { rule, hit } = hits.reduce((best, h) => (h.hit.index < best.hit.index ? h : best));
      if (rule.name !== undefined) out.set(hit.index, rule.name);
      for (const [n, capture] of Object.entries(rule.captures ?? {}))
        out.set(hit.indices![Number(n)]![0], capture.name);
      from = Math.max(hit.index + hit[0].length, from + 1);
    }
    return out;
  }

  test('the editor grammar gives every keyword its scope, and names what it should', () => {
    const keywords = new Map(KEYWORDS.map((k) => [k.word, `${k.scope}.attn`]));
    let seen = 0;
    for (const line of EVERY_CONSTRUCT.split('\n')) {
      const found = scopes(line);
      for (const token of lexer.tokenize(line).tokens) {
        const scope = keywords.get(token.image);
        if (scope === undefined) continue;
        seen++;
        expect(found.get(token.startOffset), `${token.image} in ${line}`).toBe(scope);
      }
    }
    expect(seen).toBeGreaterThan(30);
    expect([...scopes('let w = sum[j in 0..N](x * 1.5) // end').entries()]).toEqual([
      [0, 'storage.type.let.attn'],
      [4, 'variable.other.attn'],
      [6, 'keyword.operator.attn'],
      [8, 'entity.name.function.call.attn'],
      [11, 'punctuation.section.brackets.attn'],
      [12, 'variable.other.attn'],
      [14, 'storage.type.input.attn'],
      [17, 'constant.numeric.integer.attn'],
      [18, 'keyword.operator.attn'],
      [20, 'variable.other.constant.size.attn'],
      [21, 'punctuation.section.brackets.attn'],
      [22, 'punctuation.section.brackets.attn'],
      [23, 'variable.other.attn'],
      [25, 'keyword.operator.attn'],
      [27, 'constant.numeric.float.attn'],
      [30, 'punctuation.section.brackets.attn'],
      [32, 'comment.line.double-slash.attn'],
    ]);
    expect(scopes('kernel gated {').get(7)).toBe('entity.name.class.attn');
    expect(scopes('fn f(x) = f32(x)').get(3)).toBe('entity.name.function.attn');
  });
});
