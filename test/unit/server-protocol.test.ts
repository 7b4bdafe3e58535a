/** The language server through its protocol: one process, every kind of request, on texts that no file has. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  CodeAction,
  CompletionItem,
  DocumentSymbol,
  Hover,
  InlayHint,
  Location,
  SignatureHelp,
  WorkspaceEdit,
} from 'vscode-languageserver-protocol';
import { startEditor, type Editor } from '../support/lsp.ts';

const uri = 'file:///project/a%20b/main.attn';
const lib = 'file:///project/a%20b/lib.attn';
const libText = '// Twice x.\nfn twice(x) = 2.0 * x\n';
const text = `import { twice } from "./lib.attn"
// Causal attention.
kernel main {
  axes b: B, h: H, i: N, j: M, d: D, e: E
  in q: f16[b, h, i, d]   // queries
  in k: f16[b, h, j, d]
  in v: f16[b, h, j, e]
  param window: int = 64

  mask j <= i && i - j < window
  score s = twice(sum[d](q * k)) * D ** -0.5
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f16[b, h, i, e]
}
`;

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ sizes: { N: 512, M: 512 } });
  await editor.open(lib, libText);
  expect(await editor.open(uri, text)).toEqual([]);
});
afterAll(async () => {
  const { code, errors } = await editor.end();
  expect(errors).toBe('');
  expect(code).toBe(0);
});

/** The place of the nth occurrence of a word, `shift` characters into it. */
function place(word: string, n = 0, shift = 0, of = text) {
  let at = -1;
  for (let k = 0; k <= n; k++) at = of.indexOf(word, at + 1);
  expect(at, word).toBeGreaterThanOrEqual(0);
  const before = of.slice(0, at + shift).split('\n');
  return { line: before.length - 1, character: before.at(-1)!.length };
}
const ask = <T>(method: string, params: object = {}, of = uri): Promise<T> =>
  editor.connection.sendRequest(method, { textDocument: { uri: of }, ...params });
const whole = { start: { line: 0, character: 0 }, end: { line: 999, character: 0 } };

/** The text after the changes of an edit. */
function applied(
  source: string,
  edits: readonly {
    range: { start: { line: number; character: number }; end: { line: number; character: number } };
    newText: string;
  }[],
): string {
  const lines = source.split('\n');
  const offset = (p: { line: number; character: number }): number =>
    lines.slice(0, p.line).reduce((n, l) => n + l.length + 1, 0) + p.character;
  return [...edits]
    .sort((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce((t, e) => t.slice(0, offset(e.range.start)) + e.newText + t.slice(offset(e.range.end)), source);
}

describe('about names', () => {
  const hover = async (word: string, n = 0): Promise<string> => {
    const found = await ask<Hover | null>('textDocument/hover', { position: place(word, n) });
    return (found?.contents as { value: string } | undefined)?.value ?? '';
  };

  it('hovers say index set, shape, type and place', async () => {
    expect(await hover('q:')).toMatch(/\[b, h, i, d\].*B × H × N × D.*`f16`, computed as `f32`/s);
    expect(await hover('q:')).toMatch(/queries.*global memory; read by `main`/s);
    expect(await hover('s = ')).toMatch(/over `\[b, h, i, j\]`.*element of a tile, never stored/s);
    expect(await hover('y = ')).toMatch(/vector over e per row, carried through the pass over j/);
    expect(await hover('twice', 1)).toMatch(/fn twice\(x\).*Twice x\..*lib\.attn/s);
    expect(await hover('softmax')).toMatch(/In the standard library/);
  });

  it('hovers say what a kernel and its mask become', async () => {
    expect(await hover('main {')).toMatch(/class: online reductions over j.*cost: `.*`.*N = 512/s);
    const mask = await hover('<= i');
    expect(mask).toMatch(/visits j from max\(0, i\.first - window \+ 1\) to i\.last/);
    expect(mask).toMatch(/tiles: .* of .* visited \(\d+ %\)/);
  });

  it('leads to declarations, also of other files and of the library', async () => {
    const [q, twice, std] = [place('q *'), place('twice', 1), place('softmax')];
    const found = await Promise.all(
      [q, twice, std].map((position) => ask<Location>('textDocument/definition', { position })),
    );
    expect(found[0]).toEqual({ uri, range: { start: place('q:'), end: place('q:', 0, 1) } });
    expect(found[1]).toMatchObject({ uri: lib, range: { start: { line: 1, character: 3 } } });
    expect(found[2]!.uri).toMatch(/^attnc:\/std\/normalizers\.attn$/);
    const content = await editor.connection.sendRequest<{ text: string }>('workspace/textDocumentContent', {
      uri: found[2]!.uri,
    });
    expect(content.text.split('\n')[found[2]!.range.start.line]).toMatch(/^fn softmax/);
  });

  it('finds and renames uses across files', async () => {
    const position = place('twice', 1);
    const found = await ask<Location[]>('textDocument/references', {
      position,
      context: { includeDeclaration: true },
    });
    expect(found.map((l) => l.uri).sort()).toEqual([lib, uri, uri]);
    expect(await ask('textDocument/prepareRename', { position })).toMatchObject({ placeholder: 'twice' });
    const { changes } = await ask<WorkspaceEdit>('textDocument/rename', { position, newName: 'double' });
    expect(applied(text, changes![uri]!)).toBe(text.replaceAll('twice', 'double'));
    expect(applied(libText, changes![lib]!)).toBe(libText.replace('fn twice', 'fn double'));
    await expect(ask('textDocument/rename', { position: place('q *'), newName: 'k' })).rejects.toThrow(
      'there is a `k` here already',
    );
    await expect(ask('textDocument/rename', { position: place('q *'), newName: 'out' })).rejects.toThrow(
      'keyword',
    );
    expect(await ask('textDocument/prepareRename', { position: place('softmax') })).toBeNull();
    expect(await ask('textDocument/documentHighlight', { position: place('q *') })).toHaveLength(2);
  });
});

describe('while writing', () => {
  const scratch = 'file:///project/a%20b/scratch.attn';
  const complete = async (source: string): Promise<CompletionItem[]> => {
    const at = source.indexOf('¦');
    await editor.change(scratch, source.replace('¦', ''));
    return ask<CompletionItem[]>(
      'textDocument/completion',
      { position: place('¦', 0, 0, source) },
      scratch,
    ).then((x) => {
      expect(at).toBeGreaterThan(0);
      return x;
    });
  };
  const labels = async (source: string): Promise<string[]> => (await complete(source)).map((c) => c.label);
  beforeAll(() => editor.open(scratch, ''));

  it('completes by the place', async () => {
    const head = 'kernel k {\n  axes i: N, j: M\n  in x: f32[i, j]\n';
    expect(await labels(`${head}  ¦\n}`)).toEqual(
      expect.arrayContaining(['let', 'mask', 'out', 'mask causal']),
    );
    expect(await labels(`${head}  in z: ¦\n}`)).toEqual(expect.arrayContaining(['f16', 'bool']));
    expect(await labels(`${head}  param z: ¦\n}`)).toEqual(['int', 'uint', 'float', 'bool']);
    const values = await complete(`${head}  let p = so¦\n`);
    expect(values.find((c) => c.label === 'softmax')).toMatchObject({
      insertText: expect.stringMatching(/^softmax\[\$\{1:j\}\]\(\$\{2:s\}\)$/),
    });
    expect(values.find((c) => c.label === 'softmax')!.documentation).toBeDefined();
    expect(values.map((c) => c.label)).toEqual(expect.arrayContaining(['x', 'i', 'N', 'sum', 'if']));
    const axes = await complete(`${head}  let p = sum[¦`);
    expect(
      axes
        .sort((a, b) => (a.sortText! < b.sortText! ? -1 : 1))
        .slice(0, 2)
        .map((c) => c.label),
    ).toEqual(['i', 'j']);
    expect(await labels('import { ¦ } from "std"')).toContain('causal');
    expect(await labels('import { twice } from "¦"')).toEqual(expect.arrayContaining(['std', './lib.attn']));
    expect(await labels(`${head}  // a comment ¦`)).toEqual([]);
    expect(await labels('kernel ¦')).toEqual([]);
  });

  it('shows which argument is being written', async () => {
    const source = 'kernel k {\n  axes i: N, j: M\n  in x: f32[i, j]\n  let p = softmax[j](x) + clamp(x, 0, ';
    await editor.change(scratch, source);
    const help = (shift: number) =>
      ask<SignatureHelp>(
        'textDocument/signatureHelp',
        { position: place('softmax', 0, shift, source) },
        scratch,
      );
    expect(await help('softmax['.length)).toMatchObject({
      signatures: [{ label: 'softmax[j](s)' }],
      activeParameter: 0,
    });
    expect(await help('softmax[j](x'.length)).toMatchObject({ activeParameter: 1 });
    const clamp = await help('softmax[j](x) + clamp(x, 0, '.length);
    expect(clamp).toMatchObject({
      signatures: [{ label: expect.stringMatching(/^clamp\(/) }],
      activeParameter: 2,
    });
  });

  it('reports errors at once and offers what mends them', async () => {
    const source = text.replace('sum[d]', 'summ[d]');
    const found = await editor.change(scratch, source);
    expect(found.map((d) => d.code).sort()).toEqual(['E0202']);
    const wrong = found.find((d) => d.code === 'E0202')!;
    const actions = await ask<CodeAction[]>(
      'textDocument/codeAction',
      { range: wrong.range, context: { diagnostics: [wrong] } },
      scratch,
    );
    const fix = actions.find((x) => x.title === 'Change to `sum`')!;
    expect(applied(source, fix.edit!.changes![scratch]!)).toBe(source.replace('summ[', 'sum['));
    expect(
      await editor.change(scratch, text.replace('param window', 'param unused: int = 1\n  param window')),
    ).toMatchObject([{ code: 'W0901', tags: [1] }]);
    const warned = await ask<CodeAction[]>(
      'textDocument/codeAction',
      { range: whole, context: { diagnostics: [] } },
      scratch,
    );
    const remove = warned.find((x) => x.title === 'Remove `unused`')!;
    expect(remove.edit!.changes![scratch]).toMatchObject([{ newText: '' }]);
  });

  it('sees an import change before it is saved', async () => {
    await editor.change(scratch, text);
    const [here] = [editor.published(scratch), await editor.change(lib, libText.replace('twice', 'thrice'))];
    expect((await here).map((d) => d.code)).toContain('E0209');
    const again = editor.published(scratch);
    await editor.change(lib, libText);
    expect(await again).toEqual([]);
  });

  it('warns about rows that keep nothing, a moment later', async () => {
    await editor.change(scratch, text.replace('mask j <= i', 'mask j < i'));
    expect(await editor.published(scratch)).toMatchObject([{ code: 'W0908' }]);
  });
});

describe('about a document', () => {
  it('outlines, colours and hints', async () => {
    const [kernel] = (await ask<DocumentSymbol[]>('textDocument/documentSymbol')).slice(1);
    expect(kernel!.children!.map((c) => c.name)).toEqual([
      ...'bhijde',
      'q',
      'k',
      'v',
      'window',
      's',
      'p',
      'y',
      'y',
    ]);
    expect(kernel!.children!.find((c) => c.name === 'p')).toMatchObject({ detail: 'f32[b, h, i, j]' });
    const { data } = await ask<{ data: number[] }>('textDocument/semanticTokens/full');
    const part = await ask<{ data: number[] }>('textDocument/semanticTokens/range', {
      range: { ...whole, end: { line: 4, character: 0 } },
    });
    expect(data.length % 5).toBe(0);
    expect(data.slice(0, part.data.length)).toEqual(part.data);
    const hints = await ask<InlayHint[]>('textDocument/inlayHint', { range: whole });
    expect(hints.map((h) => h.label)).toEqual(['[b, h, i, j]', '[b, h, i, j]', '[b, h, i, e]']);
    expect(hints[0]!.position).toEqual(place('s =', 0, 1));
  });

  it('formats as the command does', async () => {
    const edits = await ask<{ range: typeof whole; newText: string }[]>('textDocument/formatting', {
      options: { tabSize: 2, insertSpaces: true },
    });
    const { formatSource } = await import('../../src/format/format.ts');
    expect(applied(text, edits)).toBe(formatSource(text));
  });

  it('shows emitted sources and the mask', async () => {
    const actions = await ask<CodeAction[]>('textDocument/codeAction', {
      range: { start: place('mask'), end: place('mask') },
      context: { diagnostics: [] },
    });
    const show = async (title: string): Promise<string> => {
      const { command, arguments: args } = actions.find((x) => x.title.startsWith(title))!.command!;
      const made = await editor.connection.sendRequest<{ uri: string; text: string }>(
        'workspace/executeCommand',
        { command, arguments: args },
      );
      expect(editor.shown.at(-1)).toBe(made.uri);
      const content = await editor.connection.sendRequest<{ text: string }>('workspace/textDocumentContent', {
        uri: made.uri,
      });
      expect(content.text).toBe(made.text);
      return made.text;
    };
    expect(await show('Show the emitted WGSL')).toMatch(/@compute/);
    expect(await show('Show the emitted CUDA')).toMatch(/__global__/);
    expect(await show('Show the explanation')).toMatch(/tiles .*visited/);
    expect(await show('Draw the mask')).toMatch(/^<svg.*tiles/s);
    const kernels = await editor.connection.sendRequest('workspace/executeCommand', {
      command: 'attnc.kernels',
      arguments: [{ uri }],
    });
    expect(kernels).toMatchObject([{ name: 'main', ok: true }]);
  });
});

it('views follow the text', async () => {
  const of = 'file:///project/view.attn';
  const spec = (factor: string): string =>
    `kernel k {\n  axes i: N\n  in x: f32[i]\n  out y: f32[i] = ${factor} * x\n}\n`;
  await editor.open(of, spec('3.0'));
  const { uri: view } = await editor.connection.sendRequest<{ uri: string }>('workspace/executeCommand', {
    command: 'attnc.show',
    arguments: [{ uri: of, view: 'wgsl', open: false }],
  });
  const content = () =>
    editor.connection.sendRequest<{ text: string }>('workspace/textDocumentContent', { uri: view });
  expect((await content()).text).toContain('3.0');
  const refreshed = editor.refreshed(view);
  await editor.change(of, spec('7.0'));
  await refreshed;
  expect((await content()).text).toContain('7.0');
});

describe('every request', () => {
  const names = readdirSync(join(import.meta.dirname, '../../examples')).filter((n) => n.endsWith('.attn'));

  it('is answered on every example', async () => {
    for (const [n, name] of names.entries()) {
      const source = readFileSync(join(import.meta.dirname, '../../examples', name), 'utf8');
      const of = `file:///examples/${name}`;
      expect(
        (await editor.open(of, source)).filter((d) => d.severity === 1),
        name,
      ).toEqual([]);
      // What a kernel becomes takes a compilation: asked of some.
      const word = n % 20 === 0 ? 'kernel ' : 'axes';
      const position = place(
        word,
        0,
        word.length,
        source.replace(/\/\/.*/g, (c) => '/'.repeat(c.length)),
      );
      const requests = [
        'hover',
        'definition',
        'documentHighlight',
        'prepareRename',
        'completion',
        'signatureHelp',
      ].map((m) => ask(`textDocument/${m}`, { position }, of));
      await Promise.all([
        ...requests,
        ask('textDocument/references', { position, context: { includeDeclaration: false } }, of),
        ask('textDocument/semanticTokens/full', {}, of),
        ask('textDocument/documentSymbol', {}, of),
        ask('textDocument/inlayHint', { range: whole }, of),
        ask('textDocument/codeAction', { range: whole, context: { diagnostics: [] } }, of),
        ask('textDocument/formatting', { options: { tabSize: 2, insertSpaces: true } }, of),
      ]);
      await editor.connection.sendNotification('textDocument/didClose', { textDocument: { uri: of } });
    }
  });
});
