/** The grammar for editors, run by the engine that they use: every letter of every example has a scope. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';
import { beforeAll, describe, expect, it } from 'vitest';
import { textMateGrammar } from '../../grammar/textmate.ts';

const root = join(import.meta.dirname, '../..');
let grammar: IGrammar;

beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm).buffer as ArrayBuffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () =>
      Promise.resolve(textmate.parseRawGrammar(JSON.stringify(textMateGrammar()), 'attn.json')),
  });
  grammar = (await registry.loadGrammar('source.attn'))!;
});

/** Innermost scope of each token of a text, with the token. */
function scopes(text: string): { readonly token: string; readonly scope: string; readonly line: number }[] {
  let state = textmate.INITIAL;
  return text.split('\n').flatMap((line, n) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    return tokens.map((t) => ({
      token: line.slice(t.startIndex, t.endIndex),
      scope: t.scopes.at(-1)!,
      line: n + 1,
    }));
  });
}

describe('the grammar', () => {
  const sources = ['examples', 'src/stdlib'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((n) => n.endsWith('.attn'))
      .map((n) => join(folder, n)),
  );

  it('leaves nothing without a scope', () => {
    const bare = sources.flatMap((path) =>
      scopes(readFileSync(join(root, path), 'utf8'))
        .filter(({ token, scope }) => scope === 'source.attn' && token.trim() !== '')
        .map(({ token, line }) => `${path}:${line} ${token}`),
    );
    expect(bare).toEqual([]);
  });

  it('tells words apart', () => {
    const all = scopes('kernel k { axes i: N // rows\n  let y[i] = softmax[i](x) + 1.5e-3 // "no text"\n}');
    const of = (token: string): string | undefined => all.find((t) => t.token === token)?.scope;
    expect(of('kernel')).toBe('storage.type.kernel.attn');
    expect(of('k')).toBe('entity.name.class.attn');
    expect(of('N')).toBe('variable.other.constant.size.attn');
    expect(of('// rows')).toBe('comment.line.double-slash.attn');
    expect(of('softmax')).toBe('entity.name.function.call.attn');
    expect(of('x')).toBe('variable.other.attn');
    expect(of('1.5e-3')).toBe('constant.numeric.float.attn');
    expect(of('// "no text"')).toBe('comment.line.double-slash.attn');
  });
});
