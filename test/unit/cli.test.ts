import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pc from 'picocolors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../src/cli/run-command.ts';
import { CompilerBug, userError } from '../../src/diagnostics/diagnostic.ts';
import { encodeTensors, readTensor, writeFilesAtomically } from '../../src/runtime/files.ts';
import { randomFrom } from '../../src/runtime/random.ts';
import { tensorFrom, tensorValues, type DType } from '../../src/runtime/tensor.ts';
import { attnc } from '../support/cli.ts';

const SPEC = `// Attention with an optional bias.
kernel sample {
  axes b: B, i: N, j: M, d: D
  in q: f16[b, i, d]
  in k: f16[b, j, d]
  in v: f16[b, j, d]
  in bias: f32[i, j] = 0
  param scale: float = 0.5
  mask j <= i
  score s = sum[d](q * k) * scale + bias
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * v)
  out y: f16[b, i, d]
  out lse: f32[b, i] = logsumexp[j](s)
}
`;
const [B, N, M, D] = [2, 5, 6, 4];
const shapes = { q: [B, N, D], k: [B, M, D], v: [B, M, D] };

let dir: string;
const at = (name: string): string => join(dir, name);
const values = (name: string, count: number): Float64Array => {
  const random = randomFrom(name.charCodeAt(0));
  return Float64Array.from({ length: count }, () => random.int(-8, 8) / 4);
};
function putTensors(
  file: string,
  dtype: DType,
  names: readonly ('q' | 'k' | 'v')[] = ['q', 'k', 'v'],
): string {
  const tensors = names.map((name) => {
    const shape = shapes[name];
    return [name, tensorFrom(dtype, shape, values(name, shape[0]! * shape[1]! * shape[2]!))] as const;
  });
  writeFilesAtomically([{ path: at(file), content: encodeTensors(file, new Map(tensors)) }]);
  return at(file);
}
/** The same formula, written out. */
function expected(): { y: number[]; lse: number[] } {
  const [q, k, v] = (['q', 'k', 'v'] as const).map((n) =>
    values(n, shapes[n][0]! * shapes[n][1]! * shapes[n][2]!),
  );
  const y: number[] = [];
  const lse: number[] = [];
  for (let b = 0; b < B; b++)
    for (let i = 0; i < N; i++) {
      const weights: number[] = [];
      for (let j = 0; j < M && j <= i; j++) {
        let s = 0;
        for (let d = 0; d < D; d++) s += q![(b * N + i) * D + d]! * k![(b * M + j) * D + d]!;
        weights.push(Math.exp(0.5 * s));
      }
      const total = weights.reduce((a, c) => a + c);
      lse.push(Math.log(total));
      for (let d = 0; d < D; d++)
        y.push(weights.reduce((sum, w, j) => sum + (w / total) * v![(b * M + j) * D + d]!, 0));
    }
  return { y, lse };
}

let spec: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'attnc-cli-'));
  spec = at('sample.attn');
  writeFileSync(spec, SPEC);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('exit codes', () => {
  it('are 2 for wrong usage, with a message on stderr or in JSON', async () => {
    for (const argv of [
      [],
      ['frobnicate'],
      ['check'],
      ['check', '--foo', spec],
      ['run', spec, '--target', 'cobol'],
    ]) {
      const { code, stdout, stderr } = await attnc(...argv);
      expect({ argv, code, stdout }).toEqual({ argv, code: 2, stdout: '' });
      expect(stderr).toMatch(/^error\[E0700\]: /);
    }
    const { code, json, stderr } = await attnc('verify', spec, '--cases', 'many', '--json');
    expect([code, stderr, json().diagnostics[0]!.code]).toEqual([2, '', 'E0700']);
    expect((await attnc('compil')).stderr).toMatch(/Did you mean compile\?/);
  });

  it('are 1 for errors of the user and 3 for ours, which never look like theirs', async () => {
    const run = async (error: unknown, debug = false) => {
      let stderr = '';
      const io = {
        stdout: () => {},
        stderr: (t: string) => void (stderr += t),
        watched: false,
        colors: pc.createColors(false),
      };
      const code = await runCommand(io, 'test', false, debug, () => Promise.reject(error));
      return { code, stderr };
    };
    expect(await run(userError('E0701', 'no file'))).toMatchObject({ code: 1 });
    const ours = await run(new CompilerBug('tile/plan', 'broken'));
    expect(ours).toMatchObject({ code: 3 });
    expect(ours.stderr).toMatch(/internal error in tile\/plan: broken[\s\S]*please report/);
    expect(ours.stderr).not.toMatch(/at .*cli\.test\.ts/);
    expect((await run(new TypeError('x is undefined'), true)).stderr).toMatch(/at .*cli\.test\.ts/);
  });

  it('are 0 for help and version', async () => {
    expect(await attnc('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
    const { code, stdout } = await attnc('--help');
    expect(code).toBe(0);
    for (const name of [
      'check',
      'compile',
      'run',
      'verify',
      'explain',
      'viz',
      'fmt',
      'passes',
      'doctor',
      'demo',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });
});

describe('check', () => {
  it('accepts good files and frames errors of bad ones', async () => {
    expect(await attnc('check', spec)).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(at('bad.attn'), SPEC.replace('(p * v)', '(p * w)'));
    const bad = await attnc('check', at('bad.attn'), spec);
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(/error\[E\d{4}\]/);
    expect(bad.stderr).toContain(`${at('bad.attn')}:12:`);
    const { json } = await attnc('check', at('bad.attn'), at('absent.attn'), '--json');
    expect(json()).toMatchObject({ command: 'check', ok: false });
    expect(json().diagnostics.map((d) => d.code)).toContain('E0701');
  });

  it('refuses what is not text', async () => {
    writeFileSync(at('binary.attn'), Uint8Array.from([0xff, 0xfe, 0, 1]));
    expect((await attnc('check', at('binary.attn'))).stderr).toMatch(/not UTF-8/);
    expect((await attnc('check', dir)).stderr).toMatch(/it is a folder/);
  });

  it('reads imports beside the file', async () => {
    writeFileSync(at('lib.attn'), 'fn twice(x) = 2.0 * x\n');
    writeFileSync(
      at('user.attn'),
      `import "./lib.attn"\n${SPEC.replace('sum[d](q * k)', 'twice(sum[d](q * k))')}`,
    );
    expect(await attnc('check', at('user.attn'))).toMatchObject({ code: 0 });
    writeFileSync(at('lost.attn'), `import "./nowhere.attn"\n${SPEC}`);
    expect(await attnc('check', at('lost.attn'))).toMatchObject({ code: 1 });
  });
});

describe('compile', () => {
  it('writes sources for each target, and the same ones each time', async () => {
    const out = at('out');
    const { code, stdout } = await attnc('compile', spec, '-o', out, '--set', 'D=4');
    expect(code).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      'sample.cu',
      'sample.cuda.json',
      'sample.h',
      'sample.wgsl',
      'sample.wgsl.json',
    ]);
    expect(stdout).toContain(`wrote ${join(out, 'sample.wgsl')}`);
    const first = readFileSync(join(out, 'sample.wgsl'), 'utf8');
    await attnc('compile', spec, '-o', out, '--set', 'D=4', '--target', 'wgsl');
    expect(readFileSync(join(out, 'sample.wgsl'), 'utf8')).toBe(first);
  });

  it('writes typed bindings when asked', async () => {
    const out = at('bound');
    await attnc('compile', spec, '-o', out, '-t', 'wgsl', '--set', 'D=4', '--bindings');
    expect(readdirSync(out).sort()).toEqual(['sample.ts', 'sample.wgsl', 'sample.wgsl.json']);
    expect(readFileSync(join(out, 'sample.ts'), 'utf8')).toMatch(/export (async )?function createSample\(/);
  });

  it('stores tensors as bytes', async () => {
    const out = at('bytes');
    const { code } = await attnc('compile', spec, '-o', out, '-t', 'wgsl', '--storage', 'q=e4m3');
    expect(code).toBe(0);
    expect(readFileSync(join(out, 'sample.wgsl.json'), 'utf8')).toMatch(/"q"[^}]*"e4m3"/);
  });

  it('writes nothing when anything is wrong', async () => {
    const out = at('none');
    for (const flags of [
      ['--set', 'Q=4'],
      ['--kernel', 'other'],
      ['--absent', 'q'],
      ['--storage', 'q=i32'],
      ['--const', 'c=1'],
    ]) {
      const { code, stderr } = await attnc('compile', spec, '-o', out, ...flags);
      expect({ flags, code }).toEqual({ flags, code: 1 });
      expect(stderr).toMatch(/^error\[E/);
    }
    expect(existsSync(out)).toBe(false);
    expect((await attnc('compile', spec, '-o', join(spec, 'x'))).stderr).toMatch(/E0702/);
  });

  it('prints each level', async () => {
    for (const level of ['ast', 'model', 'ir', 'tile', 'kernel']) {
      const { code, stdout } = await attnc('compile', spec, '--emit', level, '--set', 'D=4');
      expect({ level, code }).toEqual({ level, code: 0 });
      expect(stdout).toMatch(/lse/);
      expect(stdout).not.toMatch(/undefined|\[object/);
    }
  });
});

describe('run', () => {
  it.each(['f32', 'f16', 'bf16'] as const)(
    'computes the formula on %s tensors, in any file format',
    async (dtype) => {
      const want = expected();
      const limit = { f32: 1e-6, f16: 2e-3, bf16: 2e-2 }[dtype];
      for (const target of ['interp', 'kernel-interp'])
        for (const file of [`t.${dtype}.npz`, `t.${dtype}.safetensors`]) {
          const input = putTensors(file, dtype);
          const y = at('y.npy');
          const { code, stderr } = await attnc(
            'run',
            spec,
            '-t',
            target,
            '-i',
            input,
            '-o',
            `y=${y}`,
            '-o',
            at('all.safetensors'),
          );
          expect({ code, stderr }).toMatchObject({ code: 0 });
          expect(stderr.includes('as the files have it')).toBe(dtype !== 'f16');
          const got = readTensor(y);
          expect(got).toMatchObject({ dtype, shape: [B, N, D] });
          tensorValues(got).forEach((x, n) => expect(Math.abs(x - want.y[n]!)).toBeLessThan(limit));
          const lse = readTensor(at('all.safetensors'), 'lse');
          expect(lse.dtype).toBe('f32');
          tensorValues(lse).forEach((x, n) => expect(Math.abs(x - want.lse[n]!)).toBeLessThan(1e-5));
        }
    },
  );

  it('takes inputs one by one, parameters and optional tensors', async () => {
    const parts = (['q', 'k', 'v'] as const).flatMap((name) => [
      '-i',
      `${name}=${putTensors(`${name}.npy`, 'f32', [name])}`,
    ]);
    const plain = await attnc('run', spec, ...parts, '-p', 'scale=0', '-o', `lse=${at('lse.npy')}`);
    expect(plain.code).toBe(0);
    // With every score 0, row i sees i + 1 keys.
    const counts = Array.from({ length: B * N }, (_, n) => Math.log((n % N) + 1));
    tensorValues(readTensor(at('lse.npy'))).forEach((x, n) => expect(x).toBeCloseTo(counts[n]!, 6));
    const bias = tensorFrom('f32', [N, M], new Float64Array(N * M).fill(3));
    writeFilesAtomically([
      { path: at('bias.npy'), content: encodeTensors('bias.npy', new Map([['bias', bias]])) },
    ]);
    await attnc(
      'run',
      spec,
      ...parts,
      '-p',
      'scale=0',
      '-i',
      `bias=${at('bias.npy')}`,
      '-o',
      `lse=${at('lse3.npy')}`,
    );
    tensorValues(readTensor(at('lse3.npy'))).forEach((x, n) => expect(x).toBeCloseTo(counts[n]! + 3, 5));
  });

  it('compares with the interpreter on request, and answers in JSON', async () => {
    const { code, json, stderr } = await attnc(
      ...['run', spec, '-t', 'kernel-interp', '-i', putTensors('c.npz', 'f32'), '--check', '--json'],
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(json()).toMatchObject({
      ok: true,
      sizes: { B, N, M, D },
      params: { scale: 0.5 },
      outputs: [
        { name: 'y', dtype: 'f32', shape: [B, N, D] },
        { name: 'lse', dtype: 'f32', shape: [B, N] },
      ],
    });
    const checks = json()['checks'] as { output: string; worst: number; compared: number }[];
    expect(checks.map((c) => [c.output, c.compared])).toEqual([
      ['y', B * N * D],
      ['lse', B * N],
    ]);
    for (const { worst } of checks) expect(worst).toBeLessThan(1e-5);
  });

  it('refuses wrong tensors and names, and leaves no file', async () => {
    const all = putTensors('w.npz', 'f32');
    const y = at('never.npy');
    const wrong = putTensors('wrong.npz', 'f32', ['q', 'k']);
    writeFileSync(at('cut.npz'), readFileSync(all).subarray(0, 200));
    const cases: [string[], RegExp][] = [
      [['-i', wrong], /no tensor was given for v/],
      [['-i', all, '-i', `k=${putTensors('one.npz', 'f32', ['q'])}:q`], /E05\d\d/],
      [['-i', at('cut.npz')], /E0707/],
      [['-i', at('absent.npz')], /E0701/],
      [['-i', all, '-p', 'sale=1'], /has no parameter sale/],
      [['-i', all, '-p', 'scale=big'], /E0700/],
      [['-i', all, '--set', 'N=6'], /E05\d\d/],
      [['-i', all, '-o', `z=${at('z.npy')}`], /has no output z/],
      [['-i', all, '-o', at('both.npy')], /can hold one tensor/],
      [['-i', all, '-o', `y=${at('y.txt')}`], /E0703/],
    ];
    for (const [flags, message] of cases) {
      const { code, stderr } = await attnc('run', spec, '-o', `y=${y}`, ...flags);
      expect({ flags, ok: code === 0 }).toEqual({ flags, ok: false });
      expect(stderr).toMatch(message);
      expect(existsSync(y)).toBe(false);
    }
  });
});

describe('fmt', () => {
  it('rewrites files in place and says so', async () => {
    const file = at('ugly.attn');
    writeFileSync(file, SPEC.replace(/^ {2}/gm, '      ').replace(' = 0.5', '=0.5'));
    expect(await attnc('fmt', '--check', file)).toMatchObject({ code: 1 });
    expect(await attnc('fmt', file)).toMatchObject({ code: 0, stdout: `formatted ${file}\n` });
    expect(await attnc('fmt', '--check', file)).toMatchObject({ code: 0 });
    expect(await attnc('check', file)).toMatchObject({ code: 0 });
    expect(readFileSync(file, 'utf8')).toContain('// Attention with an optional bias.');
    writeFileSync(file, 'kernel {');
    expect(await attnc('fmt', file)).toMatchObject({ code: 1 });
    expect(readFileSync(file, 'utf8')).toBe('kernel {');
  });
});

describe('explain and passes', () => {
  it('explain codes and kernels', async () => {
    expect((await attnc('explain', 'e0705')).stdout).toMatch(/^E0705: /);
    expect(await attnc('explain', 'E9999')).toMatchObject({ code: 1 });
    const { code, stdout } = await attnc('explain', spec, '--set', 'D=4');
    expect(code).toBe(0);
    expect(stdout).toMatch(/kernel sample/);
  });

  it('list the pipeline with reasons', async () => {
    const { json } = await attnc('passes', '--json');
    const passes = json()['passes'] as { name: string; reason: string }[];
    expect(passes.length).toBeGreaterThan(5);
    // One of each level.
    expect(passes.map((p) => p.name)).toEqual(expect.arrayContaining(['normal-form', 'bounds', 'scalarize']));
    for (const { reason } of passes) expect(reason.length).toBeGreaterThan(10);
  });
});

describe('the launcher', () => {
  const launcher = join(import.meta.dirname, '../../src/cli/attnc.mjs');
  const start = (...argv: string[]) =>
    spawnSync(process.execPath, [launcher, ...argv], {
      encoding: 'utf8',
      cwd: dir,
      input: SPEC,
      env: { ...process.env, ATTNC_TIMES: '1', FORCE_COLOR: '', NO_COLOR: '1' },
    });

  it('starts from anywhere, passes exit codes on and reads standard input', () => {
    expect(start('check', spec)).toMatchObject({ status: 0 });
    expect(start('check', '-')).toMatchObject({ status: 0 });
    expect(start('check', 'absent.attn')).toMatchObject({ status: 1 });
    expect(start('nonsense')).toMatchObject({ status: 2, stdout: '' });
  });

  it('reaches packages that are not in the bundle, with and without cached code', () => {
    for (let n = 0; n < 2; n++) {
      const flags = ['-o', at(`launched${n}`), '-t', 'wgsl', '--set', 'D=4', '--bindings'];
      expect(start('compile', spec, ...flags)).toMatchObject({ status: 0 });
      expect(existsSync(join(at(`launched${n}`), 'sample.ts'))).toBe(true);
    }
  });
});
