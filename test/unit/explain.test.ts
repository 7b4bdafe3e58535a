/** What `explain` says: figures for given sizes and params, formulas without, bounds as text. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boundsText, printLoop } from '../../src/explain/bounds.ts';
import { bool, i32, op, variable } from '../../src/expr/expr.ts';
import { explain, printExplanation, type Explanation } from '../../src/index.ts';
import type { Stage } from '../../src/tile/tile.ts';
import { encodeTensors, writeFilesAtomically } from '../../src/runtime/files.ts';
import { tensorFrom } from '../../src/runtime/tensor.ts';
import { attnc } from '../support/cli.ts';
import { expectGolden } from '../support/golden.ts';

const WINDOW = `kernel near {
  axes b: B, h: H, i: N, j: M, d: D
  in q: f16[b, h, i, d]
  in k: f16[b, h, j, d]
  in v: f16[b, h, j, d]
  param window: int = 1024
  mask j <= i && i - j < window
  score s = sum[d](q * k)
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f16[b, h, i, d]
}`;
const PADDED = WINDOW.replace('param window: int = 1024', 'in length: i32[b]').replace(
  /mask .*/,
  'mask j <= i && j < length',
);
const PACKED = WINDOW.replaceAll('M', 'N')
  .replace('param window: int = 1024', 'in id: i32[b, i]')
  .replace(/mask .*/, 'mask id == id[i = j]');

type Numbers = Record<string, number>;
function explained(
  text: string,
  set: Numbers,
  values: Numbers = {},
  target: 'wgsl' | 'cuda' = 'cuda',
): Explanation {
  const { value, diagnostics } = explain(text, { target, set: { D: 64, ...set }, values });
  if (!value) throw new Error(diagnostics.map((d) => d.message).join('\n'));
  return value;
}

describe('figures', () => {
  it('of a window grow with the length of the stream, and need no memory for scores', () => {
    const at = (N: number): Explanation => explained(WINDOW, { N, M: N, B: 1, H: 8 }, { window: 1024 });
    const [half, one] = [at(65_536), at(131_072)];
    expect(Math.abs(Number(one.tiles.visited) / Number(half.tiles.visited) / 2 - 1)).toBeLessThan(0.01);
    expect(one.workspaceBytes).toBeLessThan(2 ** 20);
    expect(one.tiles.exact).toBe(true);
    // Per block of 128 rows: two tiles of 64 on the diagonal, 14 full ones and two at the edge of the window; the first
    // eight blocks have two tiles more than the block before.
    const blocks = 131_072 / 128;
    expect(one.tiles.visited).toBe(8 * (18 * (blocks - 8) + 8 * 9));
    expect(one.tiles.total).toBe(8 * blocks * 2 * blocks);
    expect(one.operations).toBe(Number(one.tiles.visited) * 128 * 64 * 2 * (64 + 64));
    expect(one.ofDense).toBeCloseTo(Number(one.tiles.visited) / Number(one.tiles.total), 9);
    expect(one.bytes).toBe(4 * 8 * 131_072 * 64 * 2);
  });

  it('of a long causal stream are there in little time', () => {
    // The processor's time: other tests run beside this one.
    const started = process.cpuUsage();
    const text = WINDOW.replace(' && i - j < window', '');
    const { tiles } = explained(text, { N: 131_072, M: 131_072, B: 4, H: 32 });
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(6000);
    const blocks = 131_072 / 128;
    expect(tiles).toEqual({
      visited: 4 * 32 * blocks * (blocks + 1),
      full: 4 * 32 * blocks * (blocks - 1),
      partial: 4 * 32 * 2 * blocks,
      total: 4 * 32 * blocks * 2 * blocks,
      exact: true,
    });
  });

  it('count loads by tile: keys and values for each visited tile, queries once', () => {
    const e = explained(WINDOW, { N: 4096, M: 4096, B: 1, H: 8 }, { window: 256 });
    const row = 64 * 2;
    expect(e.launches).toBe(1);
    expect(e.loadedBytes).toBe(8 * 4096 * row + Number(e.tiles.visited) * 64 * 2 * row);
  });

  it('are formulas where sizes are not known', () => {
    const e = explained(WINDOW, {});
    expect(e.operations).toBe('B * H * N * M * 256');
    expect(e.bytes).toBe('B * H * N * 256 + B * H * M * 256');
    expect(e.workspaceBytes).toBe(0);
    expect(e.tiles.total).toBe('B * H * ((N + 127) / 128) * ((M + 63) / 64)');
    expect(e.tiles).toMatchObject({ visited: `<= ${e.tiles.total}`, exact: false });
    expect(e.stages[0]!.workgroups).toBe('B * H * ((N + 127) / 128)');
  });

  it('take params at their defaults, and sizes that only count workgroups as 1', () => {
    const e = explained(WINDOW, { N: 4096, M: 4096 });
    expect(e.assumed).toEqual(['B', 'H']);
    expect(e.values).toMatchObject({ N: 4096, B: 1, H: 1, window: 1024 });
    const given = { B: 1, H: 1, window: 1024 };
    expect(e.tiles).toEqual(explained(WINDOW, { N: 4096, M: 4096 }, given).tiles);
    expect(explained(WINDOW, { N: 4096 }).assumed).toEqual([]);
  });

  it('do not depend on whether sizes are fixed or only given', () => {
    // As many as fill a device with large blocks: fewer would change the plan.
    const fixed = explained(WINDOW, { N: 500, M: 700, B: 20, H: 30 });
    const given = explained(WINDOW, {}, { N: 500, M: 700, B: 20, H: 30 });
    for (const name of ['tiles', 'bytes', 'operationsFormula'] as const)
      if (name !== 'operationsFormula') expect(given[name]).toEqual(fixed[name]);
    expect(given.operationsFormula).toBe('B * H * N * M * 256');
    expect(fixed.operationsFormula).toBe(String(20 * 30 * 500 * 700 * 256));
  });

  it('are upper bounds where tiles depend on data', () => {
    const padded = explained(PADDED, { N: 640, M: 640, B: 2, H: 32 });
    expect(padded.tiles).toEqual({
      visited: 64 * 30,
      full: 0,
      partial: 64 * 30,
      total: 64 * 50,
      exact: false,
    });
    const packed = explained(PACKED, { N: 640, B: 2, H: 32 });
    expect(packed.tiles).toMatchObject({ visited: 64 * 50, total: 64 * 50, exact: false });
    // Least and greatest id of blocks and tiles: some numbers per block, not per pair.
    expect(packed.launches).toBeGreaterThan(1);
    expect(packed.workspaceBytes).toBeLessThan(2 * 64 * 10);
  });
});

describe('text', () => {
  it('shows bounds, figures and how much of a device is used', () => {
    const text = printExplanation(explained(WINDOW, { N: 4096, M: 4096, B: 1, H: 8 }, { window: 256 }));
    expect(text).toMatch(/^kernel near: 1 launch\n {2}figures for {2}D = 64, N = 4096/);
    expect(text).toContain('j from max(0, i.first - window + 1) to i.last');
    expect(text).toMatch(/full if .*j\.last <= i\.first/);
    expect(text).toContain('rescaled when p.m.c moves');
    expect(text).toContain('512, one per b, h, block of 64 rows (i); 3.9 per core of 132');
    expect(text).toMatch(/tiles +2,480 of 32,768 visited \(7\.6 %\), 1,488 full and 992 partial/);
    expect(text).not.toContain('undefined');
  });

  it('shows ranges, conditions and guards', () => {
    const first = variable('i.first');
    const axis = (name: string, extent: string) => ({ name, extent: variable(extent) });
    const stage = { stream: [axis('s', 'S'), axis('t', 'T')] } as unknown as Stage;
    const shown = boundsText(stage, {
      loops: [
        {
          axis: 's',
          ranges: [
            { lo: op('sub', first, variable('w')), hi: variable('i.last') },
            { lo: first, when: op('lt', variable('w'), i32(4)) },
          ],
        },
        { axis: 't', ranges: [] },
      ],
      fits: op('lt', variable('w'), i32(1000)),
      may: bool(true),
      full: bool(false),
    });
    expect(shown.loops.map(printLoop)).toEqual([
      's from max(0, i.first - w) to i.last, and from i.first to S - 1 if w < 4',
      't nowhere',
    ]);
    expect(shown).toMatchObject({ visits: 'true', full: 'false', fits: 'w < 1000' });
    expect(boundsText(stage, undefined).loops.map(printLoop)).toEqual(['s from 0 to S - 1']);
  });

  it('says what it does not know', () => {
    expect(printExplanation(explained(WINDOW, {}))).toContain(
      'tiles        some of B * H * ((N + 127) / 128) * ((M + 63) / 64) visited',
    );
    expect(printExplanation(explained(PADDED, { N: 640, M: 640, B: 2, H: 32 }))).toContain(
      'at most 1,920 of 3,200 visited (60 %); it depends on data',
    );
  });
});

describe('launches', () => {
  it('say who waits for them, and why', () => {
    const text = `kernel k {
      axes i: N, j: N, c: N / 8, x: 8, d: D
      in q: f32[i, d]
      in k: f32[j, d]
      param top: int = 2
      let pooled = mean[x](k[c * 8 + x, d])
      let taken[i, c] = topk[c](sum[d](q * pooled), top)
      mask taken[c = j / 8]
      out y: f32[i, d] = sum[j](softmax[j](sum[d](q * k)) * k)
    }`;
    const { stages } = explained(text, { D: 16 });
    const last = stages.at(-1)!;
    expect(last.writes).toEqual(['y']);
    expect(last.before).toEqual([]);
    for (const s of stages.slice(0, -1)) expect(s.before, s.name).not.toEqual([]);
    const why = stages.flatMap((s) => s.before.map((w) => w.why));
    expect(why.some((w) => w.startsWith('each of its rows needs all along'))).toBe(true);
    expect(why).toContain('its loops depend on it');
    expect(printExplanation(explained(text, { D: 16 }))).toMatch(/^ {2}before {7}k_\w+: /m);
  });
});

describe('the command', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'attnc-explain-'));
    writeFileSync(
      join(dir, 'near.attn'),
      WINDOW.replace('axes', 'const scale: int = 2\n  axes').replace('q * k', 'q * k * f32(scale)'),
    );
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('is exact about data that it is given', async () => {
    const file = join(dir, 'packed.attn');
    writeFileSync(file, PACKED);
    const path = join(dir, 'id.npy');
    // Documents of 300 positions, in tiles of 128 × 64.
    const ids = Array.from({ length: 2 * 640 }, (_, n) => Math.floor((n % 640) / 300));
    writeFilesAtomically([
      { path, content: encodeTensors(path, new Map([['id', tensorFrom('i32', [2, 640], ids)]])) },
    ]);
    const run = await attnc('explain', file, '--json', '-t', 'cuda', '--in', `id=${path}`, '--set', 'H=40');
    expect(run.code).toBe(0);
    const [kernel] = run.json()['kernels'] as [Explanation];
    const documents = (tile: number, size: number): number[] => ids.slice(size * tile, size * (tile + 1));
    let [visited, full] = [0, 0];
    for (let row = 0; row < 5; row++)
      for (let tile = 0; tile < 10; tile++) {
        const same = documents(row, 128).flatMap((a) => documents(tile, 64).map((b) => a === b));
        if (same.includes(true)) visited++;
        if (!same.includes(false)) full++;
      }
    expect(full).toBeGreaterThan(0);
    expect(kernel.tiles).toMatchObject({
      visited: 80 * visited,
      full: 80 * full,
      total: 80 * 50,
      exact: true,
    });
    expect(await attnc('explain', file, '--in', `id=${path}`, '--set', 'N=64')).toMatchObject({ code: 2 });
  });

  it('takes sizes, params and consts in --set', async () => {
    const file = join(dir, 'near.attn');
    const run = await attnc(
      'explain',
      file,
      '--json',
      '-t',
      'cuda',
      '--set',
      'N=8192,M=8192,D=64,window=64,scale=3',
    );
    expect(run.code).toBe(0);
    const [kernel] = run.json()['kernels'] as [Explanation];
    expect(kernel.tiles).toMatchObject({ visited: 3 * 64 - 1, total: 64 * 128, exact: true });
    expect(kernel.workspaceBytes).toBe(0);
    expect(kernel.values['window']).toBe(64);
    expect(await attnc('explain', file, '--set', 'N=8192,nothing=3')).toMatchObject({ code: 1 });
    expect(await attnc('explain', file, '--set', 'N=-1')).toMatchObject({ code: 2 });
  });
});

describe('sums of products of integers', () => {
  const dot = (q: string, k: string): string => `kernel dots {
  axes i: N, j: M, d: D, e: E
  in q: ${q}[i, d]
  in k: ${k}[j, d]
  in v: f16[j, e]
  normalize p = softmax[j](f32(sum[d](q * k)) * 0.01)
  aggregate y = sum[j](p * v)
  out y: f16[i, e]
}`;
  const said = (q: string, k: string, target: 'wgsl' | 'cuda'): readonly string[] =>
    explained(dot(q, k), { D: 64, E: 64 }, { N: 256, M: 256 }, target).stages.flatMap((s) =>
      s.passes.flatMap((p) => p.integers),
    );
  it('are told: bytes on matrix units, bytes by lanes, and what is not proven to be bytes', () => {
    expect(said('i8', 'i8', 'cuda')[0]).toContain('products of i8 on matrix units');
    expect(said('i8', 'i8', 'wgsl')[0]).toContain('products of i8, four at a time');
    expect(said('i32', 'i8', 'wgsl')[0]).toContain('one by one');
    expect(said('f16', 'f16', 'cuda')).toEqual([]);
  });
});

describe('the documentation', () => {
  it('shows what is printed', async () => {
    const path = join(import.meta.dirname, '../../docs/explain.md');
    const page = readFileSync(path, 'utf8');
    const [command] = /(?<=npx attnc ).*/.exec(page)!;
    const words = command
      .split(' ')
      .map((w) => w.replace(/^examples\//, join(import.meta.dirname, '../../examples/')));
    const { stdout } = await attnc(...words);
    expectGolden(
      path,
      page.replace(/^```text\n[^]*?^```/m, () => `\`\`\`text\n${stdout.trimEnd()}\n\`\`\``),
    );
  });
});
