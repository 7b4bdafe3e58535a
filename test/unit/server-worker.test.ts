/** The language server as a page has it: bundled for browsers, talking through a port, with nothing of Node.js. */
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import type * as Worker from '../../src/server/worker.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

it('answers through a port', async () => {
  const root = join(import.meta.dirname, '../..');
  const made = await build({
    absWorkingDir: root,
    entryPoints: ['src/server/worker.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    // Anything of Node.js would be an error here.
    platform: 'browser',
    minify: true,
  });
  const folder = mkdtempSync(join(tmpdir(), 'attnc-worker-'));
  writeFileSync(join(folder, 'worker.mjs'), made.outputFiles[0]!.text);
  const worker = (await import(
    /* @vite-ignore */ pathToFileURL(join(folder, 'worker.mjs')).href
  )) as typeof Worker;
  rmSync(folder, { recursive: true });

  const { port1, port2 } = new MessageChannel();
  worker.serveOverPort(port1, {
    read: (key) => (key === 'play:/lib.attn' ? 'fn twice(x) = 2.0 * x\n' : undefined),
  });
  const waiting: ((m: Message) => boolean)[] = [];
  port2.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    const at = waiting.findIndex((wants) => wants(data));
    if (at >= 0) waiting.splice(at, 1);
  });
  port2.start();
  const next = (wanted: (m: Message) => boolean): Promise<Message> =>
    new Promise((resolve) => waiting.push((m) => wanted(m) && (resolve(m), true)));
  const send = (method: string, params: object, id?: number): void =>
    port2.postMessage({ jsonrpc: '2.0', method, params, ...(id === undefined ? {} : { id }) });
  const ask = (id: number, method: string, params: object): Promise<Message> => {
    const answer = next((m) => m.id === id && m.method === undefined);
    send(method, params, id);
    return answer;
  };

  const uri = 'play:/main.attn';
  const text =
    'import { twice } from "./lib.attn"\nkernel k {\n  axes i: N\n  in x: f32[i]\n  out y: f32[i] = twice(x)\n}\n';
  await ask(1, 'initialize', { processId: null, rootUri: null, capabilities: {} });
  const published = next((m) => m.method === 'textDocument/publishDiagnostics');
  send('initialized', {});
  send('textDocument/didOpen', { textDocument: { uri, languageId: 'attn', version: 1, text } });
  expect((await published).params).toEqual({ uri, diagnostics: [] });
  const position = { line: 4, character: 20 };
  const hover = await ask(2, 'textDocument/hover', { textDocument: { uri }, position });
  expect(JSON.stringify(hover.result)).toContain('fn twice(x)');
  const definition = await ask(3, 'textDocument/definition', { textDocument: { uri }, position });
  expect(definition.result).toMatchObject({ uri: 'play:/lib.attn' });
  port1.close();
  port2.close();
});
