/** `attnc viz` as a command: files, formats, errors. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeTensors } from '../../src/runtime/files.ts';
import { tensorFrom } from '../../src/runtime/tensor.ts';
import { attnc } from '../support/cli.ts';

const SPEC = `kernel sample {
  axes b: B, h: H, g: G = h / (H / G), i: N, j: N, d: D
  in q: f16[b, h, i, d]
  in k: f16[b, g, j, d]
  in id: i32[b, i]
  param window: int
  param scale: float
  require H % G == 0
  require window > 0
  mask id[b, i] == id[b, j] && abs(i - j) < window
  score s = sum[d](q * k) * scale
  normalize p = softmax[j](s)
  out y: f32[b, h, i] = sum[j](p * f32(j))
  out top: f32[b, h, i] = f32(i)
}
`;

let dir: string;
const at = (name: string): string => join(dir, name);
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'attnc-viz-'));
  writeFileSync(at('sample.attn'), SPEC);
  const put = (name: string, dtype: 'i32' | 'f32', shape: number[], value: (n: number) => number): void => {
    const values = Float64Array.from({ length: shape.reduce((a, b) => a * b) }, (_, n) => value(n));
    writeFileSync(
      at(`${name}.npy`),
      encodeTensors('x.npy', new Map([[name, tensorFrom(dtype, shape, values)]])),
    );
  };
  put('id', 'i32', [2, 32], (n) => Math.floor((n % 32) / (n < 32 ? 8 : 16)));
  put('q', 'f32', [2, 4, 32, 8], (n) => (n % 7) / 7);
  put('k', 'f32', [2, 2, 32, 8], (n) => (n % 5) / 5);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const viz = (...more: string[]) => attnc('viz', at('sample.attn'), '-i', `id=${at('id.npy')}`, ...more);

describe('viz', () => {
  it('writes an SVG and says what is in it', async () => {
    const run = await viz('-p', 'window=4', '--tile', '8x8', '-o', at('new/mask.svg'));
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^sample, tiles of 8 × 8: \d+ of 1,024 pairs are kept/);
    expect(run.stdout).toContain(`wrote ${at('new/mask.svg')}`);
    const svg = readFileSync(at('new/mask.svg'), 'utf8');
    expect(svg.startsWith('<svg ')).toBe(true);
    expect(svg).toContain('N = 32, window = 4; at b = 0, h = 0');
  });

  it('counts in JSON, at the batch point and with the tiles that are asked for', async () => {
    const out = at('mask2.svg');
    const answer = (
      await viz('-p', 'window=40', '--at', 'b=1,h=3', '--tile', '8x16', '--json', '-o', out)
    ).json();
    expect(answer).toMatchObject({
      command: 'viz',
      ok: true,
      kernel: 'sample',
      output: 'y',
      tile: '8 × 16',
      tiles: { total: 8, full: 4, partial: 0, skipped: 4, idle: 0, wrong: 0 },
      pairs: { total: 1024, kept: 512, visited: 512 },
      written: [out],
    });
    expect(answer).not.toHaveProperty('svg');
  });

  it('writes a PNG of the size that is asked for', async () => {
    const sizes: number[][] = [];
    for (const zoom of ['1', '3']) {
      expect((await viz('-p', 'window=4', '-o', at('mask.png'), '--zoom', zoom)).code).toBe(0);
      const png = readFileSync(at('mask.png'));
      expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
      sizes.push([png.readUInt32BE(16), png.readUInt32BE(20)]);
    }
    expect(sizes[0]![0]).toBeGreaterThan(400);
    expect(sizes[1]).toEqual(sizes[0]!.map((n) => 3 * n));
  });

  it('draws the values of a definition', async () => {
    const tensors = ['-i', `q=${at('q.npy')}`, '-i', `k=${at('k.npy')}`, '-p', 'window=3,scale=0.5'];
    const answer = (await viz(...tensors, '--map', 'p', '--json', '-o', at('map.svg'))).json();
    expect(answer).toMatchObject({ ok: true, map: { odd: 0 } });
    expect(readFileSync(at('map.svg'), 'utf8')).toContain('Value of p');
  });

  it('says what is missing or wrong, and writes nothing', async () => {
    const out = at('never.svg');
    const spec = at('sample.attn');
    const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
      [['-p', 'window=4', '-o', out], 'E0710', /depends on `id`[\s\S]*--in id=id\.npy/],
      [['-i', `id=${at('id.npy')}`, '-o', out], 'E0504', /window[\s\S]*--param window=/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=0', '-o', out], 'E0510', /window > 0/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--set', 'N=31', '-o', out], 'E0502', /32/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4,wide=1', '-o', out], 'E0722', /wide/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--at', 'b=2', '-o', out], 'E0740', /extent is 2/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--at', 'i=2', '-o', out], 'E0722', /it has b, h/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--output', 'z', '-o', out], 'E0722', /it has y, top/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--output', 'top', '-o', out], 'E0740', /--output/],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--map', 'y', '-o', out], 'E0740', /--map s, --map p/],
      [
        ['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--map', 'p', '-o', out],
        'E0710',
        /depends on `q`, `k`/,
      ],
      [['-i', `id=${at('id.npy')}`, '-p', 'window=4', '--tile', '4,4x8', '-o', out], 'E0740', /one per axis/],
      [['-o', at('never.gif')], 'E0742', /\.svg or \.png/],
      [['-i', `q=${at('absent.npy')}`, '-o', out], 'E0701', /absent\.npy/],
    ];
    for (const [argv, code, message] of cases) {
      const run = await attnc('viz', spec, ...argv);
      expect({ argv, code: run.code, stdout: run.stdout }).toEqual({ argv, code: 1, stdout: '' });
      expect(run.stderr).toMatch(new RegExp(`^error\\[${code}\\]`));
      expect(run.stderr).toMatch(message);
    }
    for (const argv of [
      ['-o', out, '--tile', '8'],
      ['-o', out, '--tile', '0x8'],
      ['-o', out, '--theme', 'pink'],
      [],
    ])
      expect(await attnc('viz', spec, ...argv)).toMatchObject({ code: 2, stdout: '' });
    expect(existsSync(out)).toBe(false);
    expect(readdirSync(dir).filter((name) => name.includes('.tmp'))).toEqual([]);
  });

  it('asks for sizes by name, and refuses what cannot be drawn', async () => {
    writeFileSync(
      at('plain.attn'),
      SPEC.replace('id[b, i] == id[b, j] && ', '').replace('window: int', 'window: int = 8'),
    );
    const run = (...more: string[]) => attnc('viz', at('plain.attn'), '-o', at('plain.svg'), ...more);
    expect((await run()).stderr).toMatch(/^error\[E0503\][\s\S]*`N`[\s\S]*--set N=64/);
    expect((await run('--set', 'N=0')).stderr).toMatch(/^error\[E0741\]/);
    expect((await run('--set', 'N=100000')).stderr).toMatch(/^error\[E0741\][\s\S]*16777216/);
    expect(existsSync(at('plain.svg'))).toBe(false);
    expect(await run('--set', 'N=40', '--target', 'cuda')).toMatchObject({ code: 0 });
  });
});
