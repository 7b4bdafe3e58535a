/** `--artefact` on the command line. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attnc } from '../support/cli.ts';

const SPEC = `kernel gated {
  axes t: N, d: D, e: E
  in q: f32[t, d]
  in k: f32[t, d]
  in v: f32[t, e]
  in log_a: f32[t, d]
  in S0: f32[d, e] = 0
  state S: f32[d, e] = S0
  recurrence over t {
    S = exp(-abs(log_a)) * S + k * v
    y = sum[d](q * S)
  }
  out y: f32[t, e]
  out S
}`;
let dir: string;
const at = (name: string): string => join(dir, name);
const write = (name: string, text: string): string => {
  writeFileSync(at(name), text);
  return at(name);
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'attnc-artefacts-'));
  write('gated.attn', SPEC);
  write('backwards.attn', SPEC.replace('over t {', 'over t reverse {'));
  write('plain.attn', 'kernel plain {\n  axes i: N\n  in x: f32[i]\n  out y: f32[i] = exp(x)\n}');
});
afterAll(() => rmSync(dir, { recursive: true }));

const sizes = ['--set', 'D=4', 'E=4'];

describe('compile --artefact', () => {
  it('writes all of them under names of their own', async () => {
    const { code, stderr } = await attnc(
      'compile',
      at('gated.attn'),
      '--artefact',
      'all',
      '-t',
      'wgsl',
      '-o',
      at('out'),
      ...sizes,
    );
    expect([code, stderr]).toEqual([0, '']);
    const sources = readdirSync(at('out')).filter((f) => f.endsWith('.wgsl'));
    expect(sources.sort()).toEqual([
      'gated.wgsl',
      'gated_apply.wgsl',
      'gated_combine.wgsl',
      'gated_step.wgsl',
      'gated_summary.wgsl',
    ]);
    const manifest = JSON.parse(readFileSync(at('out/gated_step.wgsl.json'), 'utf8')) as {
      inputs: { name: string; shape: string[] }[];
      notes: string[];
    };
    expect(manifest.inputs.find((t) => t.name === 'q')!.shape).toEqual(['1', '4']);
    expect(manifest.notes).toEqual(['hands on S0 as S']);
  });

  it('says which ones a kernel does not have, and writes the others', async () => {
    const all = ['--artefact', 'all', '-t', 'wgsl', '-o', at('back')];
    const { code, stderr, stdout } = await attnc('compile', at('backwards.attn'), ...all, ...sizes);
    expect(code).toBe(0);
    expect(stderr).toContain('no step of gated: a step would need the future');
    expect(stdout).toContain('gated_summary.wgsl');
    const plain = await attnc('compile', at('plain.attn'), ...all);
    expect(
      plain.stdout
        .trim()
        .split('\n')
        .map((line) => line.split('/').at(-1)),
    ).toEqual(['plain.wgsl', 'plain.wgsl.json']);
    expect(plain.stderr).toContain('no summary of plain: `plain` carries no state');
  });

  it('fails where one is asked for by name, and knows which there are', async () => {
    const step = await attnc('compile', at('backwards.attn'), '--artefact', 'step', '-o', at('no'));
    expect([step.code, step.stderr]).toEqual([1, expect.stringContaining('E0631')]);
    const unknown = await attnc('compile', at('gated.attn'), '--artefact', 'decode');
    expect(unknown.stderr).toContain('expected one of sequence, step, summary, combine, apply, all');
  });

  it('prints the levels of one', async () => {
    const { stdout } = await attnc('compile', at('gated.attn'), '--artefact', 'step', '--emit', 'ir');
    expect(stdout).toContain('kernel gated_step {');
    expect(stdout).toContain('axis t: 1');
  });
});

describe('explain, verify and run --artefact', () => {
  it('explains how one was made', async () => {
    const { stdout } = await attnc('explain', at('gated.attn'), '--artefact', 'apply', ...sizes);
    expect(stdout).toContain('kernel gated_apply');
    expect(stdout).toContain('adds what came in to the outputs of the part alone');
  });

  it.each(['step', 'summary', 'combine', 'apply'])('verifies %s', async (artefact) => {
    const flags = ['--artefact', artefact, '-t', 'kernel-interp', '--cases', '3', ...sizes];
    const { code, stdout } = await attnc('verify', at('gated.attn'), ...flags);
    expect(stdout).toContain('ok  gated on kernel-interp: 3 cases');
    expect(code).toBe(0);
  });

  it('runs a step on files', async () => {
    const input = (name: string, shape: string, values: number[]): string => {
      const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`;
      const padded = header.padEnd(117) + '\n';
      const bytes = Buffer.concat([
        Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
        Buffer.from([padded.length & 255, padded.length >> 8]),
        Buffer.from(padded, 'latin1'),
        Buffer.from(Float32Array.from(values).buffer),
      ]);
      writeFileSync(at(`${name}.npy`), bytes);
      return `${name}=${at(`${name}.npy`)}`;
    };
    const inputs = [
      input('q', '1, 2', [1, 2]),
      input('k', '1, 2', [3, 4]),
      input('v', '1, 1', [5]),
      input('log_a', '1, 2', [0, 0]),
      input('S0', '2, 1', [10, 20]),
    ];
    const { code, stdout } = await attnc(
      'run',
      at('gated.attn'),
      '--artefact',
      'step',
      ...inputs.flatMap((x) => ['-i', x]),
      '-o',
      `S=${at('S.npy')}`,
    );
    expect(stdout).toContain('gated_step on');
    expect(code).toBe(0);
    const values = readFileSync(at('S.npy'));
    expect([
      ...new Float32Array(values.buffer.slice(values.byteOffset + values.length - 8).slice(0, 8)),
    ]).toEqual([25, 40]);
  });
});
