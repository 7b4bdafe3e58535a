/**
 * Law: the loops of a kernel visit the tiles that `countTiles` counts, each once, full where it says so; workgroups that
 * share a stream visit each of its tiles once between them. Loops that work ahead do the same, and have begun each tile at
 * the place where its body looks for it, before it and not more than their depth before.
 */
import { describe, it } from 'vitest';
import { i32, op, read, variable, type Expr } from '../../src/expr/expr.ts';
import { simplify } from '../../src/expr/simplify.ts';
import { arrayS, forS, ifS, LANE, store, WORKGROUP } from '../../src/kernel/build.ts';
import { Frame } from '../../src/kernel/from-tile/frame.ts';
import { TileLoops } from '../../src/kernel/from-tile/loops.ts';
import { matrixFor } from '../../src/kernel/from-tile/matrix.ts';
import { kernelProgram } from '../../src/kernel/from-tile/program.ts';
import { Scope } from '../../src/kernel/from-tile/scope.ts';
import { interpretProgram } from '../../src/kernel/interpret/interpret.ts';
import type { Kernel, Program, Stmt } from '../../src/kernel/kernel.ts';
import { verifyProgram } from '../../src/kernel/verify.ts';
import { withSummaries } from '../../src/tile/count-summaries.ts';
import { tileMap } from '../../src/tile/count.ts';
import { streamLoops } from '../../src/tile/sides.ts';
import type { Stage, TileProgram } from '../../src/tile/tile.ts';
import { caseText, maskCases, scheduledCase, tensorsOf, valuesOf, type MaskCase } from './bounds-case.ts';
import { catches, demand, holds } from './law.ts';

const SEEN = 'seen';
/** What one visit adds, and one more for a full tile. */
const VISIT = 16;
/** By place, the tile that was begun there, counted from 1. */
const BEGUN = 'begun';

/** The program up to `stage`, and in its place a kernel that notes which tiles its loops visit. */
function noting(p: TileProgram, stage: Stage, depth: number): Program {
  const program = kernelProgram(p);
  const at = p.stages.indexOf(stage);
  const plan = stage.plan!;
  const scope = new Scope(p, stage, matrixFor(plan, 'f32').arrangement);
  const frame = new Frame(scope, plan);
  const along = streamLoops(stage, plan);
  const tiles = along.reduce<Expr>((n, l) => op('mul', n, l.tiles), i32(1));
  const mine = (tile: Expr): Expr => op('add', op('mul', WORKGROUP, tiles), tile);
  const numberOf = (firsts: readonly Expr[]): Expr =>
    along.reduce<Expr>(
      (n, l, x) => op('add', op('mul', n, l.tiles), op('quot', firsts[x]!, i32(l.block))),
      i32(0),
    );
  const note = (firsts: readonly Expr[], full: Expr): Stmt[] => {
    const number = numberOf(firsts);
    const old = read(SEEN, [mine(number)], 'i32');
    const more = op('select', full, i32(VISIT + 1), i32(VISIT));
    return [ifS(op('eq', LANE, i32(0)), [store(SEEN, mine(number), op('add', old, more))])];
  };
  const begun = (place: Expr): Expr => read(BEGUN, [place], 'i32');
  const begin = (firsts: readonly Expr[], place: Expr): Stmt[] => [
    store(BEGUN, place, op('add', numberOf(firsts), i32(1))),
  ];
  const noteBegun = (firsts: readonly Expr[], full: Expr, place: Expr): Stmt[] => [
    ifS(op('eq', begun(place), op('add', numberOf(firsts), i32(1))), note(firsts, full)),
    store(BEGUN, place, i32(0)),
  ];
  const tileLoops = new TileLoops(scope, frame, stage.passes[0]!.bounds);
  const loops =
    depth > 1 && tileLoops.numbered
      ? [arrayS(BEGUN, 'i32', depth), ...tileLoops.ahead(depth, begin, noteBegun)]
      : tileLoops.lower(note);
  const clear = forS('t', { to: tiles }, [store(SEEN, mine(variable('t')), i32(0))]);
  const whole = program.kernels[at]!;
  const elements = simplify(op('mul', whole.grid, tiles));
  const kernel: Kernel = {
    ...whole,
    shared: [],
    buffers: [
      ...whole.buffers.filter((b) => b.access === 'read'),
      { name: SEEN, storage: 'i32', access: 'read_write', elements },
    ],
    body: [...frame.prologue, ifS(op('eq', LANE, i32(0)), [clear]), ...loops],
  };
  return {
    ...program,
    kernels: [...program.kernels.slice(0, at), kernel],
    outputs: [{ name: SEEN, storage: 'i32', shape: [elements] }],
  };
}

function law(c: MaskCase, damage: (p: TileProgram, s: Stage) => Stage = (_, s) => s): void {
  const split = c.data[0]! > 3 ? 3 : undefined;
  const p = scheduledCase(c, split);
  const stage = p.stages.findLast((s) => s.passes[0]?.bounds && s.stream.some((a) => a.name === 'j'))!;
  const changed = damage(p, stage);
  const damaged = { ...p, stages: p.stages.map((s) => (s === stage ? changed : s)) };
  const program = noting(damaged, changed, 1 + (Math.abs(c.data[1]!) % 4));
  verifyProgram(program);
  const values = valuesOf(c);
  const tensors = tensorsOf(c);
  const [N, , M, L] = c.extents;
  const inputs = { u: tensors['u']!.data, v: tensors['v']!.data, x: new Float64Array(N * M * L) };
  const { outputs, errors, errorCount } = interpretProgram(program, inputs, values);
  demand(errorCount === 0, () => `${errors[0]!.kind}: ${errors[0]!.message} in ${caseText(c)}`);
  const seen = outputs[SEEN]!;
  const facts = withSummaries(p, { values, tensors });
  const extent: Record<string, number> = { i: N, k: c.extents[1] };
  const parts = stage.part?.of ?? 1;
  // The shares are the last of the batch axes.
  const others = stage.batch.filter((a) => a.name !== stage.part?.axis);
  const batches = others.reduce<Record<string, number>[]>(
    (all, a) =>
      all.flatMap((b) => Array.from({ length: extent[a.name]! }, (_, x) => ({ ...b, [a.name]: x }))),
    [{}],
  );
  for (const [n, batch] of batches.entries()) {
    const { states } = tileMap(p, stage, stage.passes[0]!, facts, batch);
    for (const [row, tiles] of states.entries())
      for (const [tile, state] of tiles.entries()) {
        let sum = 0;
        for (let part = 0; part < parts; part++)
          sum += seen[((n * parts + part) * states.length + row) * tiles.length + tile]!;
        const wanted = state === 'skipped' ? 0 : state === 'full' ? VISIT + 1 : VISIT;
        demand(sum === wanted, () => `tile ${row}, ${tile} is ${state}, noted ${sum}: ${caseText(c)}`);
      }
  }
}

describe('emitted loops', () => {
  it('visit the tiles that are counted', () => holds(maskCases, (c) => law(c), 150));

  const bounds = (s: Stage, change: (b: NonNullable<Stage['passes'][0]['bounds']>) => object): Stage => ({
    ...s,
    passes: s.passes.map((x) => ({ ...x, bounds: { ...x.bounds!, ...change(x.bounds!) } })),
  });
  it('are told from others: ranges that are dropped', () =>
    catches(
      maskCases,
      (c) => law(c, (_, s) => bounds(s, (b) => ({ loops: b.loops.map((l) => ({ ...l, ranges: [{}] })) }))),
      250,
    ));
  it('are told from others: full tiles that are not taken for full', () =>
    catches(maskCases, (c) => law(c, (_, s) => bounds(s, (b) => ({ full: op('not', b.full) }))), 250));
  it('are told from others: shares that are all of the stream', () =>
    catches(
      maskCases,
      (c) =>
        law(c, (_, s) => {
          const { part: _part, ...whole } = s;
          return whole;
        }),
      250,
    ));
});
