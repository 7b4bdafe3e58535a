/**
 * The text that the tour's kernels become, in full: for WGSL on both kinds of device and for CUDA. Whoever changes what
 * is printed sees it here, and reads it. UPDATE_GOLDEN=1 writes the files.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileText, type Compiled, type CompileOptions } from '../../src/compile.ts';
import { printIr } from '../../src/ir/print.ts';
import { printProgram } from '../../src/kernel/print.ts';
import type { StagePlan } from '../../src/tile/plan.ts';
import { printTile } from '../../src/tile/print.ts';
import { expectGolden } from '../support/golden.ts';

const root = join(import.meta.dirname, '../..');
const SET = { D: 16, E: 16 };
/** On software devices every element of a tile is printed: two columns show as much as sixteen. */
const SMALL: StagePlan = {
  arrangement: 'lane-rows',
  blockM: 8,
  blockN: 2,
  lanes: 8,
  operands: 'direct',
  fullTiles: 'apart',
};

const VARIANTS: readonly { readonly path: string; readonly options: CompileOptions }[] = [
  { path: 'wgsl/NAME.gpu.wgsl', options: { target: 'wgsl', set: SET } },
  {
    path: 'wgsl/NAME.cpu.wgsl',
    options: {
      target: 'wgsl',
      set: { D: 4, E: 4 },
      features: { device: 'cpu' },
      plans: Array<StagePlan>(4).fill(SMALL),
    },
  },
  { path: 'cuda/NAME.cu', options: { target: 'cuda', set: SET } },
];
const CASES = ['gated_window', 'causal', 'rope'].flatMap((name) => VARIANTS.map((v) => ({ name, ...v })));

function compiled(name: string, options: CompileOptions): Compiled {
  const text = readFileSync(join(root, 'examples', `${name}.attn`), 'utf8');
  const { value, diagnostics } = compileText(text, options);
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return value;
}

function printed(name: string, options: CompileOptions): string {
  const value = compiled(name, options);
  const source = value.files.find((f) => /\.(wgsl|cu)$/.test(f.path));
  if (!source) throw new Error(`no source among ${value.files.map((f) => f.path).join(', ')}`);
  return source.text;
}

describe('printed text', () => {
  it.each(CASES)('$name as $path', ({ name, path, options }) => {
    const text = printed(name, options);
    expectGolden(join(import.meta.dirname, path.replace('NAME', name)), text);
    expect(printed(name, options), 'a second compilation in one process differs').toBe(text);
  });

  it.each(['ir', 'tile', 'kernel'] as const)('causal at the level %s', (level) => {
    const { ir, tile, program } = compiled('causal', { target: 'wgsl', set: SET });
    const text = { ir: () => printIr(ir), tile: () => printTile(tile), kernel: () => printProgram(program) }[
      level
    ]();
    expectGolden(join(import.meta.dirname, 'levels', `causal.${level}.txt`), text);
  });

  it.each(['wgsl', 'cuda'] as const)('is the same in another process: %s', (target) => {
    const script = `
      import { readFileSync } from 'node:fs';
      import { compileText } from ${JSON.stringify(join(root, 'src/compile.ts'))};
      const text = readFileSync('examples/gated_window.attn', 'utf8');
      const { value } = compileText(text, { target: '${target}', set: ${JSON.stringify(SET)} });
      process.stdout.write(value.files.map((f) => f.path + '\\n' + f.text).join('\\n'));`;
    const run = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(run.status, run.stderr).toBe(0);
    const { files } = compiled('gated_window', { target, set: SET });
    expect(run.stdout).toBe(files.map((f) => `${f.path}\n${f.text}`).join('\n'));
  });
});
