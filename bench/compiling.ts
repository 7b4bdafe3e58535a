/** `compile/NAME/warm`: parse to printed kernel in a warm process; `cli/compile/cold`: a whole command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkText, compileIr, requiredSizes, semanticIr } from '../src/compile.ts';
import { packageRoot } from '../src/runtime/package-root.ts';
import { median, type Row } from './rows.ts';

const row = (name: string, times: readonly number[]): Row => ({
  name,
  median_ms: median(times),
  spread: [Math.min(...times), Math.max(...times)],
  limit_ms: null,
  peers: {},
});

const folder = (): string => join(packageRoot(), 'examples');
const examples = (): string[] => readdirSync(folder()).filter((f) => f.endsWith('.attn'));

function compileOnce(text: string, source: string): number {
  const start = performance.now();
  const checked = checkText(text, { source });
  for (const k of checked.model.kernels) {
    const ir = semanticIr(checked, { kernel: k.name });
    compileIr(ir, { target: 'wgsl', set: Object.fromEntries(requiredSizes(ir).map((s) => [s, 64])) });
  }
  return performance.now() - start;
}

export function warmRows(wanted: (name: string) => boolean, rounds: number, done: (row: Row) => void): void {
  const chosen = examples().filter((f) => wanted(`compile/${f.replace('.attn', '')}/warm`));
  const texts = new Map(chosen.map((f) => [f, readFileSync(join(folder(), f), 'utf8')]));
  for (let n = 0; n < 2; n++) for (const [f, text] of texts) compileOnce(text, f);
  for (const [f, text] of texts) {
    const times = Array.from({ length: rounds }, () => compileOnce(text, f));
    done(row(`compile/${f.replace('.attn', '')}/warm`, times));
  }
}

export function coldRow(rounds: number): Row {
  const out = mkdtempSync(join(tmpdir(), 'attnc-bench-'));
  const args = ['src/cli/attnc.mjs', 'compile', 'examples/gated_window.attn', '--target', 'all'];
  const sizes = ['--set', 'D=64', '--set', 'E=80', '-o', out];
  const times: number[] = [];
  for (let n = -1; n < rounds; n++) {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, [...args, ...sizes], { cwd: packageRoot() });
    if (status !== 0) throw new Error(`the command ended with ${status}`);
    if (n >= 0) times.push(performance.now() - start);
  }
  rmSync(out, { recursive: true, force: true });
  return row('cli/compile/cold', times);
}
