/** What the README shows is run here, so that it stays true. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeTensors, readTensor, writeFilesAtomically } from '../../src/runtime/files.ts';
import { elementCount, tensorFrom } from '../../src/runtime/tensor.ts';
import * as api from '../../src/index.ts';
import { attnc } from '../support/cli.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map((m) => m[1]!);

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), 'attnc-readme-'));
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('the README', () => {
  it('shows specs without errors or warnings', () => {
    expect(blocks('attn').length).toBeGreaterThan(0);
    for (const text of blocks('attn')) expect(api.check(text)).toEqual([]);
  });

  it('shows commands that work', async () => {
    const shapes = { q: [1, 2, 9, 8], k: [1, 1, 9, 8], v: [1, 1, 9, 8], z: [1, 2, 9, 8] };
    const tensors = Object.entries(shapes).map(
      ([name, shape]) =>
        [
          name,
          tensorFrom(
            'f16',
            shape,
            Array.from({ length: elementCount(shape) }, (_, n) => (n % 7) / 4),
          ),
        ] as const,
    );
    const path = join(out, 'gated_window.safetensors');
    writeFilesAtomically([{ path, content: encodeTensors(path, new Map(tensors)) }]);
    const commands = blocks('sh')
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('npx attnc '));
    expect(commands.length).toBeGreaterThanOrEqual(5);
    for (const command of commands) {
      const words = command
        .replace(/--cases \d+/, '--cases 1')
        // Devices differ between machines; the commands are the same.
        .replace(/--target (wgsl,cuda-emu|wgsl)(?= )/, '--target kernel-interp')
        .replaceAll(/(?<!-)\bout\b(?=\/| |$)/g, out)
        .replaceAll('examples/', `${join(root, 'examples')}/`)
        .split(/\s+/)
        .slice(2);
      const { code, stderr } = await attnc(...words);
      expect({ command, code, stderr: stderr.replace(/^note: .*\n/gm, '') }).toEqual({
        command,
        code: 0,
        stderr: '',
      });
    }
    expect(readTensor(join(out, 'y.npy'))).toMatchObject({ dtype: 'f16', shape: [1, 2, 9, 8] });
    expect(existsSync(join(out, 'gated_window.cu'))).toBe(true);
  });

  it('shows code that prints what its comments say', () => {
    for (const block of blocks('ts')) {
      const script = block.replace(/^import (\{.*\}) from 'attnc';/m, 'const $1 = attnc;');
      expect(script).not.toBe(block);
      const printed: string[] = [];
      const show = (value: unknown): string => Array.from(value as ArrayLike<unknown>).join(', ');
      const plain = ts.transpileModule(script, {
        compilerOptions: { target: ts.ScriptTarget.ES2022 },
      }).outputText;
      const run = new Function('attnc', 'console', plain) as (a: unknown, c: unknown) => void;
      run(api, { log: (value: unknown) => printed.push(show(value)) });
      const promised = [...block.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map((m) => m[1]);
      expect(promised.length).toBeGreaterThan(0);
      expect(printed).toEqual(promised);
    }
  });

  it('lists every command and target, and links to files that exist', async () => {
    const prose = readme.replace(/^```[\s\S]*?^```/gm, '');
    const help = (await attnc('--help')).stdout;
    const commands = [...help.matchAll(/^ {2}([a-z]+) (?:\[|<|  )/gm)]
      .map((m) => m[1]!)
      .filter((name) => name !== 'help');
    expect(commands.length).toBeGreaterThanOrEqual(9);
    for (const name of commands) expect(readme).toMatch(new RegExp(`^\\| \`${name}[ \`]`, 'm'));
    for (const [, link] of prose.matchAll(/\]\(([^)]+)\)/g)) expect(existsSync(join(root, link!))).toBe(true);
    for (const [, path] of readme.matchAll(/^\| `(src\/[^`]+)`/gm))
      expect(existsSync(join(root, path!))).toBe(true);
  });
});
