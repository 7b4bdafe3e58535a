/**
 * Law of `needed`: what is multiplied by zero, or not chosen, in all rows of a workgroup is not made, and every output is
 * what it was; the tiles that kernels then visit are those that are counted.
 */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { evalConst } from '../../src/expr/evaluate.ts';
import { i32, op, read, type Expr } from '../../src/expr/expr.ts';
import { ifS, LANE, store, WORKGROUP } from '../../src/kernel/build.ts';
import { kernelProgram } from '../../src/kernel/from-tile/program.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { flatMapStmts } from '../../src/kernel/walk.ts';
import { scheduleTile } from '../../src/pipeline.ts';
import { withSummaries } from '../../src/tile/count-summaries.ts';
import { countTiles } from '../../src/tile/count.ts';
import type { StagePlan } from '../../src/tile/plan.ts';
import type { Pass, Stage, TileProgram } from '../../src/tile/tile.ts';
import type { SpecCase } from '../support/spec-arbitrary.ts';
import { prepare, type Prepared } from './case.ts';
import { catches, demand, holds } from './law.ts';
import { GPU, lowersRightly, tiled, type Damage, type Target } from './lowering.ts';

/** Weights that are zero for some rows, for whole heads, or never. */
const WEIGHTS = [
  'max(f32(r) - 2.0, 0.0)',
  'if topk[h](f32(r), 1) then 0.5 * f32(r) else 0.0',
  '(if r > 3 then 1.5 else 0.0) / (1.0 + f32(r))',
  'f32(max(r2 - 2, 0))',
  'if r > 3 || r2 > 3 then exp(-f32(r)) else 0.0',
  'f32(r) + 1.0',
] as const;
const RESULTS = [
  'g * mixed',
  'f32(r) + mixed * g',
  'if g > 0.0 then mixed else f32(r)',
  '(if r > 2 then g * mixed else 0.0) + (if r2 > 2 then mixed else 0.0)',
  'g * mixed + max(1.0 - g, 0.0) * sum[j](z * v)',
] as const;

const cases: fc.Arbitrary<SpecCase> = fc
  .record({
    weight: fc.constantFrom(...WEIGHTS),
    result: fc.constantFrom(...RESULTS),
    mask: fc.constantFrom('', 'mask j <= i', 'mask j + 2 * r2 < M'),
    extremum: fc.boolean(),
    heads: fc.integer({ min: 1, max: 3 }),
    rows: fc.constantFrom(1, 4, 9, 17),
    keys: fc.constantFrom(1, 5, 16),
    seed: fc.nat(),
  })
  .map((c) => ({
    text: `kernel gated {
  axes h: H, i: N, j: M, d: 2, e: 2
  in q: f32[h, i, d]
  in k: f32[h, j, d]
  in v: f32[h, j, e]
  in r: i32[h, i]
  in r2: i32[h]
  ${c.mask}
  let z = sum[d](q * k)
  normalize p = softmax[j](z)
  let mixed = sum[j](p * v)
  let g = ${c.weight}
  out y: f32[h, i, e] = ${c.result}
  ${c.extremum ? 'out most: f32[h, i] = if g > 0.0 then max[j](z) else 0.0' : ''}
}`,
    sizes: { H: c.heads, N: c.rows, M: c.keys },
    params: {},
    seed: c.seed,
    scale: 0.1,
  }));

const plan = (c: SpecCase): StagePlan => ({
  arrangement: 'lane-rows',
  blockM: 4,
  blockN: 4,
  lanes: 4,
  operands: c.seed % 2 === 0 ? 'direct' : 'workgroup',
  fullTiles: c.seed % 3 === 0 ? 'apart' : 'together',
  ...(c.seed % 5 === 0 ? { split: 2 } : {}),
});

const target =
  (c: SpecCase) =>
  (p: Prepared): Target => ({ limits: GPU, plan: () => plan(c), fixed: p.required });

const meaning =
  (damage: Damage = {}) =>
  (c: SpecCase): void =>
    lowersRightly(c, target(c), damage);

const inNeeded =
  (change: (p: Pass, s: Stage) => Partial<Stage>) =>
  (p: TileProgram): TileProgram => ({
    ...p,
    stages: p.stages.map((s) => s.passes.reduce((x, q) => (q.needed ? { ...x, ...change(q, x) } : x), s)),
  });
const asked = (s: Stage, change: (needed: Expr) => Expr): Partial<Stage> => ({
  passes: s.passes.map((q) => (q.needed ? { ...q, needed: change(q.needed) } : q)),
});
/** Rows that need nothing are asked instead of those that do. */
const inverted: Damage = { scheduled: inNeeded((_, s) => asked(s, (e) => op('not', e))) };
/** Zero times what was never made. */
const unguarded: Damage = {
  scheduled: inNeeded((_, s) => ({
    stores: s.stores.map((x) => ({ ...x, value: withoutChoices(x.value) })),
  })),
};
function withoutChoices(e: Expr): Expr {
  if (e.kind !== 'op') return e;
  const isGuard = e.op === 'select' && e.args[0]!.kind === 'read' && e.args[0]!.name.startsWith('some.');
  return isGuard ? e.args[1]! : { ...e, args: e.args.map(withoutChoices) };
}

const SEEN = 'seen';
/** The kernel of a stage, with a count of the tiles that each workgroup visits. */
function counting(program: Program, at: number): Program {
  const own = read(SEEN, [WORKGROUP], 'i32');
  const note = (value: Expr): Stmt => ifS(op('eq', LANE, i32(0)), [store(SEEN, WORKGROUP, value)]);
  const kernel = program.kernels[at]!;
  const counted: Kernel = {
    ...kernel,
    buffers: [...kernel.buffers, { name: SEEN, storage: 'i32', access: 'read_write', elements: kernel.grid }],
    body: [
      note(i32(0)),
      ...flatMapStmts(kernel.body, (s) =>
        s.kind === 'for' && /^j_tile/.test(s.name)
          ? [{ ...s, body: [note(op('add', own, i32(1))), ...s.body] }]
          : [s],
      ),
    ],
  };
  return {
    ...program,
    kernels: program.kernels.map((k, n) => (n === at ? counted : k)),
    outputs: [...program.outputs, { name: SEEN, storage: 'i32', shape: [kernel.grid] }],
  };
}

function counts(c: SpecCase, damage: (p: TileProgram) => TileProgram = (p) => p): void {
  const p = prepare(c);
  const to = target(c)(p);
  const tile = tiled(p, to.fixed, to.limits);
  const options = { limits: to.limits, fixed: to.fixed, plans: tile.stages.map(() => plan(c)) };
  const ready = scheduleTile(tile, options);
  const at = ready.stages.findIndex((s) => s.passes.length === 1 && s.passes[0]!.needed && !s.part);
  if (at < 0) return;
  const program = counting(kernelProgram(damage(ready)), at);
  verifyProgram(program);
  const values = { ...p.sizes, ...p.params };
  const { outputs, errors, errorCount } = interpretProgram(program, p.inputs, values);
  demand(errorCount === 0, () => `${errors[0]!.kind}: ${errors[0]!.message}\n${c.text}`);
  const known = new Map(Object.entries(p.sizes));
  const tensors = Object.fromEntries(
    p.ir.tensors.map((t) => [
      t.name,
      { shape: t.dims.map((d) => evalConst(d.extent, known)), data: p.inputs[t.name]! },
    ]),
  );
  const stage = ready.stages[at]!;
  const found = countTiles(ready, stage, stage.passes[0]!, withSummaries(ready, { values, tensors }));
  const seen = outputs[SEEN]!.reduce((a, b) => a + b, 0);
  const right = found.exact ? seen === found.visited : seen <= found.visited;
  demand(right, () => `${seen} tiles visited, ${JSON.stringify(found)}\n${c.text}${JSON.stringify(p.sizes)}`);
}

describe('needed', () => {
  it('keeps the meaning', () => holds(cases, meaning(), 60));
  it('notices rows that are left out although they count', () => catches(cases, meaning(inverted), 60));
  it('notices products with what was never made', () => catches(cases, meaning(unguarded), 60));

  it('visits the tiles that are counted', () => holds(cases, (c) => counts(c), 60));
  it('notices tiles that are visited for nothing', () =>
    catches(
      cases,
      (c) =>
        counts(
          c,
          inNeeded((_, s) => ({ passes: s.passes.map(({ needed: _n, ...q }) => q) })),
        ),
      60,
    ));
});
