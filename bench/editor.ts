/** `lsp/…`: what somebody who types waits for, in a file of 500 lines: from an edit to the answer, through the protocol. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/runtime/package-root.ts';
import { startEditor, type Editor } from '../test/support/lsp.ts';
import { median, type Row } from './rows.ts';

const LINES = 500;
const URI = 'file:///bench/editor.attn';
const NAMES = {
  problems: `lsp/edit/${LINES}/diagnostics`,
  completion: `lsp/edit/${LINES}/completion`,
  tokens: `lsp/edit/${LINES}/semantic-tokens`,
  hover: 'lsp/hover/kernel/first',
} as const;

export const editorNames = (): string[] => Object.values(NAMES);

/** Whole examples, one after the other, each kernel under a name of its own, until there are enough lines. */
function longText(): string {
  const folder = join(packageRoot(), 'examples');
  let text = '';
  for (const [n, file] of readdirSync(folder).sort().entries()) {
    if (!file.endsWith('.attn')) continue;
    const own = readFileSync(join(folder, file), 'utf8');
    if (/^(?:import|fn) /m.test(own)) continue;
    text += `${own.replace(/^kernel (\w+)/gm, `kernel $1_${n}`)}\n`;
    if (text.split('\n').length > LINES) break;
  }
  return text;
}

/** Each row takes `rounds` times ten edits, of which the first tenth warms up. */
export async function editorRows(
  wanted: (name: string) => boolean,
  rounds: number,
  done: (row: Row) => void,
): Promise<void> {
  const text = longText();
  const line = Math.floor(text.split('\n').length / 2);
  const editor = await startEditor();
  const problems = await editor.open(URI, text);
  if (problems.some((d) => d.severity === 1)) throw new Error('the long text has errors');
  const measure = async (name: string, answer: () => Promise<unknown>): Promise<void> => {
    if (!wanted(name)) return;
    const times: number[] = [];
    for (let n = 0; n < 11 * rounds; n++) {
      const start = performance.now();
      const answered = answer();
      await typeLetter(editor, line, n);
      await answered;
      if (n >= rounds) times.push(performance.now() - start);
    }
    done(row(name, times));
  };
  const ask = (method: string, more: object = {}): Promise<unknown> =>
    editor.connection.sendRequest(method, { textDocument: { uri: URI }, ...more });
  await measure(NAMES.problems, () => editor.published(URI));
  // Asked behind the edit, so that the answer is about the new text.
  const position = { line, character: 0 };
  await measure(NAMES.completion, () =>
    Promise.resolve().then(() => ask('textDocument/completion', { position })),
  );
  await measure(NAMES.tokens, () => Promise.resolve().then(() => ask('textDocument/semanticTokens/full')));
  if (wanted(NAMES.hover)) done(row(NAMES.hover, await firstHovers(editor, rounds)));
  await editor.end();
}

/** A comment grows by a letter at the start of a line: every place behind it moves. */
async function typeLetter(editor: Editor, line: number, n: number): Promise<void> {
  const at = { line, character: 0 };
  await editor.connection.sendNotification('textDocument/didChange', {
    textDocument: { uri: URI, version: n + 1 },
    contentChanges: [{ range: { start: at, end: at }, text: n === 0 ? '// x\n' : '' }, ...letter(line, n)],
  });
}
const letter = (line: number, n: number): object[] => {
  const at = { line, character: 3 };
  return [{ range: { start: at, end: at }, text: String.fromCharCode(97 + (n % 26)) }];
};

/** The first hover over a kernel, which compiles it, in texts that differ. */
async function firstHovers(editor: Editor, rounds: number): Promise<number[]> {
  const uri = 'file:///bench/hover.attn';
  const text = readFileSync(join(packageRoot(), 'examples', 'gated_window.attn'), 'utf8');
  const line = text.split('\n').findIndex((l) => l.startsWith('kernel'));
  const times: number[] = [];
  await editor.open(uri, text);
  for (let n = -1; n < rounds; n++) {
    await editor.change(uri, `${text}// ${n}\n`);
    const start = performance.now();
    const position = { line, character: 'kernel '.length };
    await editor.connection.sendRequest('textDocument/hover', { textDocument: { uri }, position });
    if (n >= 0) times.push(performance.now() - start);
  }
  return times;
}

const row = (name: string, times: readonly number[]): Row => ({
  name,
  median_ms: median([...times]),
  spread: [Math.min(...times), Math.max(...times)],
  limit_ms: null,
  peers: {},
});
