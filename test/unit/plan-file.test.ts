/** Plan files: the schedule as data, what is wrong with one, and what compiling by one means. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { backendFor } from '../../backends/index.ts';
import { checkText, compileIr, semanticIr } from '../../src/compile.ts';
import { positionAt } from '../../src/diagnostics/render.ts';
import type { Diagnostic } from '../../src/diagnostics/diagnostic.ts';
import { UserError } from '../../src/diagnostics/diagnostic.ts';
import type { PlanSource } from '../../src/plan/choose.ts';
import { decidedSchedule } from '../../src/plan/decided.ts';
import { readPlanFile } from '../../src/plan/read.ts';
import {
  printPlanFile,
  scheduleKey,
  withSchedule,
  type PlanFile,
  type Schedule,
} from '../../src/plan/schedule.ts';
import type { StagePlan } from '../../src/tile/plan.ts';

const example = (name: string): string =>
  readFileSync(new URL(`../../examples/${name}.attn`, import.meta.url), 'utf8');
const irOf = (text: string) => semanticIr(checkText(text));
const SET = { D: 8, E: 8 };

type Options = Parameters<typeof compileIr>[1];
const CPU: Options = { target: 'wgsl', set: SET, features: { device: 'cpu' } };

/** What the compiler decides for an example. */
function decided(text: string, options: Options = CPU): Schedule {
  const ir = irOf(text);
  const features = options.features ?? {};
  const to = scheduleKey(ir.name, options.target, features, backendFor(options.target).limits(features));
  return decidedSchedule(to, compileIr(ir, options).notes);
}

const fileText = (s: Schedule): string => printPlanFile(withSchedule(undefined, s));
function read(text: string): PlanFile {
  const { file, diagnostics } = readPlanFile(text, 'k.plan.json');
  if (!file) throw new Error(diagnostics.map((d) => d.message).join('; '));
  return file;
}
const source = (text: string, required = false): PlanSource => ({
  file: read(text),
  source: 'k.plan.json',
  required,
});

/** The first launch's plan with other values. */
const changed = (s: Schedule, plan: Partial<StagePlan>): Schedule => ({
  ...s,
  launches: s.launches.map((l, n) => (n === 0 ? { ...l, plan: { ...l.plan, ...plan } } : l)),
});
/** The user's error that compiling gives. */
function errorOf(run: () => unknown): Diagnostic {
  try {
    run();
  } catch (e) {
    if (e instanceof UserError) return e.diagnostic;
    throw e;
  }
  throw new Error('nothing was wrong');
}
/** The text that a diagnostic points at. */
const pointed = (text: string, d: Diagnostic): string => text.slice(d.span!.start, d.span!.end);

describe('a schedule as data', () => {
  it.each(['causal', 'gla', 'mlstm', 'document', 'linear_attention', 'decode', 'neighborhood_2d'])(
    'of %s gives the same text again',
    (name) => {
      const text = example(name);
      for (const target of ['wgsl', 'cuda'] as const) {
        const options = { ...CPU, target, expected: { B: 1, H: 4, N: 512, M: 512 } };
        const first = compileIr(irOf(text), options);
        const plan = source(fileText(decided(text, options)), true);
        // What is expected chose the plan; the plan needs it no more.
        const again = compileIr(irOf(text), { ...CPU, target, plan });
        expect(again.files).toEqual(first.files);
        expect(again.planUse).toEqual({ source: 'k.plan.json', used: true });
      }
    },
  );

  it('keeps one plan for each kernel, target and device', () => {
    const [a, b] = [decided(example('causal')), decided(example('gla'))];
    const file = withSchedule(withSchedule(withSchedule(undefined, a), b), changed(a, { blockN: 8 }));
    expect(file.plans.map((p) => [p.kernel, p.launches[0]!.plan.blockN])).toEqual([
      ['gla', b.launches[0]!.plan.blockN],
      ['causal', 8],
    ]);
  });
});

describe('a plan file that is wrong', () => {
  const good = fileText(decided(example('causal')));
  const wrong = (text: string): readonly Diagnostic[] => {
    const { file, diagnostics } = readPlanFile(text, 'k.plan.json');
    expect(file).toBeUndefined();
    return diagnostics;
  };

  it.each([
    ['a key that nothing has', '"blockM"', '"blokM"', /no key `blokM`/, '"blokM"'],
    ['a word that is none', '"lane-rows"', '"lanes"', /arrangement`: expected one of/, '"lanes"'],
    ['a number that is none', '"blockN": 16', '"blockN": 1.5', /blockN`/, '1.5'],
    ['a number that is too small', '"lanes": 8', '"lanes": 0', /lanes`/, '0'],
    ['another format', '"format": 1', '"format": 7', /format 7/, '7'],
    ['a structure that is none', /"structure": "[^"]*"/, '"structure": "x"', /structure`/, '"x"'],
    ['a target that is none', '"wgsl"', '"metal"', /target`/, '"metal"'],
  ] as const)('has %s', (_, from, to, message, at) => {
    const text = good.replace(from, to);
    expect(text).not.toBe(good);
    const said = wrong(text);
    const found = said.find((d) => message.test(d.message));
    expect(said.map((d) => d.message).join('; ')).toMatch(message);
    expect(found!.code).toBe('E0750');
    expect(pointed(text, found!)).toBe(at);
  });

  it('suggests the key that was probably meant', () => {
    const said = wrong(good.replace('"blockM"', '"blokM"'));
    expect(said.find((d) => d.hint?.includes('`blockM`'))).toBeDefined();
  });

  it('says what is missing, at the object that lacks it', () => {
    const text = good.replace(/ *"lanes": 8,\n/, '');
    const [d] = wrong(text);
    expect(d!.message).toMatch(/plan\.lanes` is missing/);
    expect(positionAt(text, d!.span!.start)).toEqual(positionAt(text, text.indexOf('"plan": {') + 8));
  });

  it.each(['', '{', '{"format": 1, "plans": [],}', '// no\n{}'])('is no JSON: %j', (text) => {
    const [d] = wrong(text);
    expect(d!.message).toMatch(/is not JSON/);
    expect(d!.hint).toMatch(/attnc tune/);
  });

  it('has two plans of one kernel', () => {
    const s = decided(example('causal'));
    const [d] = wrong(printPlanFile({ format: 1, plans: [s, s] }));
    expect(d!.message).toMatch(/two plans of causal for wgsl on a cpu/);
  });
});

describe('a plan that a launch cannot take', () => {
  const causal = decided(example('causal'));
  const compiled = (s: Schedule, options: Options = CPU): unknown =>
    compileIr(irOf(example(s.kernel)), { ...options, plan: source(fileText(s)) });

  it.each<[string, Partial<StagePlan>, RegExp]>([
    ['lanes', { lanes: 512, blockM: 512 }, /lanes is 512, and a workgroup has at most 256/],
    ['blockM', { blockM: 20 }, /blockM is 20, which 8 lanes do not share evenly/],
    ['blockM', { blockM: 512 }, /64 rows, more than 32/],
    ['blockN', { operands: 'workgroup', blockN: 4096, lanes: 64 }, /bytes of workgroup memory/],
    ['blockN', { blockN: 1024 }, /more than 1024/],
    ['arrangement', { arrangement: 'warp-matrix' }, /the target has no matrix unit/],
    ['split', { split: 300 }, /at most 256 shares/],
    ['lists', { lists: 'queries' }, /rows of the launch select no known number of blocks/],
    ['steps', { steps: { writtenOut: 4, loops: 'plain', block: 1 } }, /takes no steps/],
    ['rowShape', { rowShape: [8, 8] }, /has 2 numbers for 1 axes/],
    ['streamShape', { streamShape: [8] }, /is 8 = 8, not 16/],
  ])('because of %s', (field, plan, message) => {
    const s = changed(causal, plan);
    const d = errorOf(() => compiled(s));
    expect(d.code).toBe('E0640');
    expect(d.message).toMatch(message);
    const text = fileText(s);
    const value = JSON.stringify({ ...causal.launches[0]!.plan, ...plan }[field as keyof StagePlan]);
    expect(pointed(text, d).replace(/\s/g, '')).toBe(value);
  });

  it.each<[string, Partial<StagePlan>]>([
    ['blockN', { blockN: 4 }],
    ['operands', { operands: 'workgroup' }],
    ['split', { split: 2 }],
  ])('of steps because of %s', (field, plan) => {
    const s = decided(example('gla'));
    const at = s.launches.findIndex((l) => l.plan.steps);
    const launches = s.launches.map((l, n) => (n === at ? { ...l, plan: { ...l.plan, ...plan } } : l));
    const d = errorOf(() => compiled({ ...s, launches }));
    expect(d.code).toBe('E0640');
    expect(d.message).toContain(`${s.launches[at]!.name}: ${field} is`);
  });

  it('of matrices whose blocks are no multiples of their pieces', () => {
    const storage = { q: 'bf16', k: 'bf16', v: 'bf16', y: 'bf16' } as const;
    const cuda: Options = { target: 'cuda', set: { D: 64, E: 64 }, storage };
    const s = decided(example('causal'), cuda);
    expect(s.launches[0]!.plan.arrangement).toBe('warp-matrix');
    for (const [plan, message] of [
      [{ blockM: 24, lanes: 48 }, /multiple of 32/],
      [{ blockN: 24 }, /multiple of 16/],
      [{ operands: 'direct' }, /workgroup memory/],
      [{ lanes: 32 }, /are 128 lanes/],
    ] as const)
      expect(errorOf(() => compiled(changed(s, plan), cuda)).message).toMatch(message);
  });
});

describe('a plan for something else', () => {
  const text = fileText(decided(example('causal')));

  it('is an error where it was asked for, and a warning beside the spec', () => {
    const other = example('causal').replace(/out y/, 'out most: f32[b, h, i] = max[j](s)\nout y');
    const plan = source(text, true);
    const d = errorOf(() => compileIr(irOf(other), { ...CPU, plan }));
    expect(d.code).toBe('E0641');
    expect(d.hint).toMatch(/--no-plan/);
    const { planUse, files } = compileIr(irOf(other), { ...CPU, plan: { ...plan, required: false } });
    expect(planUse?.used).toBe(false);
    expect(planUse?.warning?.code).toBe('W0910');
    expect(files).toEqual(compileIr(irOf(other), CPU).files);
  });

  it('is no plan for another kernel, target or device', () => {
    const plan = source(text, true);
    for (const [name, options] of [
      ['sdpa', CPU],
      ['causal', { target: 'cuda', set: SET }],
      ['causal', { target: 'wgsl', set: SET }],
    ] as const) {
      const d = errorOf(() => compileIr(irOf(example(name)), { ...options, plan }));
      expect(d.code).toBe('E0751');
      expect(d.hint).toBe('it has plans of causal for wgsl on a cpu');
      const own = compileIr(irOf(example(name)), { ...options, plan: { ...plan, required: false } });
      expect(own.planUse).toBeUndefined();
    }
  });

  it('is for one architecture, and for subgroups of one size', () => {
    const features = { device: 'cpu', subgroups: 8 } as const;
    const hopper: Options = { target: 'cuda', set: SET, features: { arch: 'sm_90a' } };
    for (const [own, others] of [
      [{ ...CPU, features }, [CPU, { ...CPU, features: { ...features, subgroups: 4 } }]],
      [hopper, [{ target: 'cuda', set: SET }]],
    ] as const) {
      const plan = source(fileText(decided(example('causal'), own)), true);
      expect(compileIr(irOf(example('causal')), { ...own, plan }).planUse?.used).toBe(true);
      for (const other of others) {
        const d = errorOf(() => compileIr(irOf(example('causal')), { ...other, plan }));
        expect(d.code).toBe('E0751');
        expect(d.hint).toMatch(/ (of sm_90a|with subgroups of 8 lanes)$/);
      }
    }
  });

  it('lets no lanes exchange operands that cannot', () => {
    const s = decided(example('causal'));
    const plan = source(fileText(changed(s, { operands: 'exchanged' })), true);
    const d = errorOf(() => compileIr(irOf(example('causal')), { ...CPU, plan }));
    expect(d.code).toBe('E0640');
    expect(d.message).toMatch(/operands is exchanged/);
    const features = { device: 'cpu', subgroups: 8 } as const;
    const wide = changed(decided(example('causal'), { ...CPU, features }), { lanes: 16, blockM: 64 });
    const more = errorOf(() =>
      compileIr(irOf(example('causal')), { ...CPU, features, plan: source(fileText(wide), true) }),
    );
    expect(more.message).toMatch(/lanes is 16, more than the 8 of a subgroup/);
  });

  it('is still for a text with other names, comments and sizes', () => {
    const renamed = example('causal').replace(/\bi\b/g, 'row').replace(/\bj\b/g, 'column');
    const plan = source(text, true);
    const { planUse } = compileIr(irOf(renamed), { ...CPU, set: { D: 16, E: 24 }, plan });
    expect(planUse?.used).toBe(true);
  });
});
