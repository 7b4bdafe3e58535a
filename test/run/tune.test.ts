/** `attnc tune`: a small kernel is tuned on a device and compiled by the plan that was written; without a device, by the model. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { missingFor } from '../../src/cli/targets.ts';
import { readPlanFile } from '../../src/plan/read.ts';
import { attnc } from '../support/cli.ts';

const SPEC = `kernel tiny {
  axes i: N, j: M, d: D
  in q: f32[i, d]
  in k: f32[j, d]
  mask j <= i
  score s = sum[d](q * k)
  normalize p = softmax[j](s)
  aggregate y = sum[j](p * k)
  out y: f32[i, d]
}`;
const SIZES = ['--set', 'D=4', '--size', 'N=33', '--size', 'M=40'];

let folder: string;
let spec: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attnc-tune-'));
  spec = join(folder, 'tiny.attn');
  writeFileSync(spec, SPEC);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const planFile = (): string => join(folder, 'tiny.plan.json');

const missing = await missingFor('wgsl');
const hasGpu = (await missingFor('cuda')) === undefined;

describe.skipIf(missing !== undefined)(`tuning on WebGPU (${missing ?? 'a device is here'})`, () => {
  it('writes a plan by which kernels are compiled, run and explained', { timeout: 240_000 }, async () => {
    const out = ['--budget', '20', '--candidates', '2', '--out', planFile()];
    const tuned = await attnc('tune', spec, ...SIZES, ...out, '--json');
    const answer = tuned.json();
    expect(answer).toMatchObject({ ok: true, kernel: 'tiny', written: [planFile()], diagnostics: [] });
    expect(answer['reference']).toBe('the interpreter');
    const rows = answer['rows'] as readonly {
      what: string;
      median_ms: number;
      rounds: number;
      schedule: object;
    }[];
    expect(rows.map((r) => r.what)).toContain("the compiler's own");
    expect(rows.length).toBe(2);
    expect(rows.every((r) => r.rounds >= 3)).toBe(true);
    const [plan] = readPlanFile(readFileSync(planFile(), 'utf8'), planFile()).file!.plans;
    expect(plan!.measured!.values).toEqual({ N: 33, M: 40, D: 4 });
    expect(rows.some((r) => JSON.stringify(r.schedule).includes(JSON.stringify(plan!.launches)))).toBe(true);

    const lanes = plan!.subgroups ? ['--subgroups', String(plan!.subgroups)] : [];
    const device = ['--device', plan!.device, ...lanes];
    const explained = await attnc('explain', spec, '--set', 'D=4', ...device);
    expect(explained.stdout).toContain(`plan         from ${planFile()}`);
    const compiled = await attnc('compile', spec, '-t', 'wgsl', '--set', 'D=4', ...device, '-o', folder);
    expect(compiled.stderr).toContain(`tiny for wgsl is planned by ${planFile()}`);
    const verified = await attnc('verify', spec, '-t', 'wgsl', '--set', 'D=4', '--cases', '3', '--json');
    expect(verified.json()).toMatchObject({ ok: true });
    const without = await attnc('explain', spec, '--set', 'D=4', ...device, '--no-plan');
    expect(without.stdout).not.toContain('  plan ');
  });

  it('writes nothing when it is stopped', { timeout: 240_000 }, async () => {
    const before = JSON.stringify({ format: 1, plans: [] });
    writeFileSync(planFile(), before);
    const stopper = setInterval(() => process.listenerCount('SIGINT') > 0 && process.emit('SIGINT'), 5);
    try {
      const stopped = await attnc('tune', spec, ...SIZES, '--budget', '60', '--out', planFile(), '--json');
      expect(stopped.code).toBe(1);
      expect(stopped.json().diagnostics[0]).toMatchObject({ code: 'E0752' });
    } finally {
      clearInterval(stopper);
    }
    expect(readFileSync(planFile(), 'utf8')).toBe(before);
    expect(readdirSync(folder).sort()).toEqual(['tiny.attn', 'tiny.plan.json']);
  });
});

describe('tuning without a device', () => {
  it('ranks plans by the model', async () => {
    const { json } = await attnc('tune', spec, '-t', 'cuda', ...SIZES, '--by', 'model', '--json');
    const launches = json()['launches'] as readonly { name: string; plans: readonly { ms: number }[] }[];
    expect(launches.map((l) => l.name)).toEqual(['tiny']);
    const costs = launches[0]!.plans.map((p) => p.ms);
    expect(costs.length).toBe(10);
    expect(costs.every((c) => c > 0)).toBe(true);
    expect([...costs].sort((a, b) => a - b)).toEqual(costs);
    expect(existsSync(planFile())).toBe(false);
  });

  it.skipIf(hasGpu)('says what is missing', async () => {
    const { code, stderr } = await attnc('tune', spec, '-t', 'cuda', ...SIZES);
    expect(code).toBe(1);
    expect(stderr).toMatch(/E0730[\s\S]*--by model/);
  });

  it('says which sizes are missing, and refuses a plan file that is none before any work', async () => {
    const sizes = await attnc('tune', spec, '--set', 'D=4', '--size', 'N=3');
    expect(sizes.code).toBe(2);
    expect(sizes.stderr).toMatch(/no size for M[\s\S]*--size M=/);
    writeFileSync(planFile(), '{"format": 1}');
    const broken = await attnc('tune', spec, ...SIZES);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/E0750[\s\S]*`plans` is missing/);
  });
});
