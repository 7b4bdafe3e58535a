/**
 * Pass `bounds`: the predicates of a pass become loop bounds. Ranges of the stream are solved in closed form; what they do
 * not express is tested per tile; what a predicate reads from tensors enters through summaries of blocks.
 */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import {
  bool,
  freeVars,
  i32,
  isTrue,
  key,
  op,
  readNames,
  rewrite,
  variable,
  type Expr,
} from '../expr/expr.ts';
import { fits } from '../expr/fits.ts';
import { truthOf, type Box, type Range } from '../expr/interval.ts';
import { simplify } from '../expr/simplify.ts';
import { solveFor } from '../expr/solve.ts';
import { domains, unknownBox, Unknowns } from './domain.ts';
import { summaryPlan, type PlanLimits, type StagePlan } from './plan.ts';
import { blockRange, naturalOf, streamLoops, type TileLoop } from './sides.ts';
import { boundSteps } from './step-range.ts';
import { storeList } from './lists.ts';
import { storeRanges, type StoredTiles } from './stored-ranges.ts';
import { Summaries, type SideName } from './summaries.ts';
import type { AxisLoop, Bounds, Pass, Stage, TileProgram, TileTensor } from './tile.ts';
import { boundsExprs, loopExprs, stageTensors, stageValues } from './walk.ts';

const TRUE = bool(true);

/** Bounds for every pass of every stage, and the stages that summarise what they read. */
export function boundProgram(p: TileProgram, limits: PlanLimits): TileProgram {
  const tensors: TileTensor[] = [...p.tensors];
  const taking = new Set(p.tensors.filter((t) => t.takes).map((t) => t.name));
  const rising = new Map(
    p.tensors.flatMap((t) => (t.rising === undefined ? [] : [[t.name, t.axes.indexOf(t.rising)] as const])),
  );
  const stages = p.stages.map(asked).flatMap((s) => {
    if (s.recurrence) return [boundSteps(s)];
    if (!s.plan || s.stream.length === 0) return [s];
    // Without a matrix, what a tile costs is what asking for it costs.
    const worthAList = s.passes.some((x) => x.operands.length > 0);
    const found = boundStage(s, s.plan, limits, worthAList ? taking : new Set(), rising);
    tensors.push(...found.tensors);
    return [...found.before, found.stage];
  });
  return { ...p, tensors, stages };
}

/** Warpgroups that copy tiles run ahead of those that compute what rows need, and go through all tiles. */
function asked(s: Stage): Stage {
  if (s.plan?.arrangement !== 'warpgroup-matrix') return s;
  return { ...s, passes: s.passes.map(({ needed: _, ...p }) => p) };
}

interface Bounded {
  readonly stage: Stage;
  readonly before: readonly Stage[];
  readonly tensors: readonly TileTensor[];
}

/** Bounds for each pass, and what earlier launches store for them. */
interface Choice {
  readonly bounds: readonly Bounds[];
  readonly stored: readonly StoredTiles[];
  /** Looser than what the data says. */
  readonly limited: boolean;
}

/** What is looked at: from all that data says to nothing of it. */
const SIDES: readonly (readonly SideName[])[] = [
  ['rows', 'stream', 'pairs'],
  ['rows', 'pairs'],
  ['rows', 'stream'],
  ['rows'],
  [],
];

/** As tight as there are buffers for what data says. */
function boundStage(
  s: Stage,
  plan: StagePlan,
  limits: PlanLimits,
  taking: ReadonlySet<string>,
  rising: ReadonlyMap<string, number>,
): Bounded {
  const free = Math.max(0, limits.maxBuffers - stageTensors(s).size);
  for (const sides of SIDES) {
    const summaries = new Summaries(s, plan, new Set(sides), taking, rising);
    const derived = s.passes.map((p) => new PassBounds(s, p, plan, summaries).derive());
    const own = summaries.tensors();
    for (const { bounds, stored, limited } of choices(
      derived,
      storedFor(s, plan, derived, summaries, limits),
    )) {
      const tensors = [...own, ...stored.flatMap((r) => r.tensors)];
      const used = new Set(bounds.flatMap(loopExprs).flatMap((e) => [...readNames(e)]));
      if (tensors.filter((t) => used.has(t.name)).length > free) continue;
      const loose = limited || sides.length < SIDES[0]!.length ? { limited: true as const } : {};
      return {
        stage: { ...s, passes: s.passes.map((p, n) => ({ ...p, bounds: { ...bounds[n]!, ...loose } })) },
        before: [...summaries.stages(summaryPlan(limits)), ...stored.flatMap((r) => r.stages)],
        tensors,
      };
    }
  }
  throw new CompilerBug('tile/bounds', `bounds of ${s.name} that read no data need a buffer`);
}

/** From the tightest to what needs the fewest buffers. */
function choices(derived: readonly Bounds[], ranges: ReadonlyMap<string, StoredTiles>): readonly Choice[] {
  const plain: Choice = { bounds: derived, stored: [], limited: false };
  if (ranges.size === 0) return [plain];
  const stored = [...ranges.values()];
  const between = (of: (found: StoredTiles) => Bounds): readonly Bounds[] =>
    derived.map((b) => {
      const found = ranges.get(key(b.may));
      return found ? of(found) : b;
    });
  return [
    { bounds: between((r) => r.bounds), stored, limited: false },
    plain,
    // The loop is still right without tests between its ends: it only visits more.
    { bounds: between((r) => r.alone), stored, limited: true },
  ];
}
/** Stored ranges by the test that they answer, for the passes that data of the stream decides on. */
function storedFor(
  s: Stage,
  plan: StagePlan,
  bounds: readonly Bounds[],
  summaries: Summaries,
  limits: PlanLimits,
): ReadonlyMap<string, StoredTiles> {
  const out = new Map<string, StoredTiles>();
  if (plan.dataRanges !== 'stored' || streamLoops(s, plan).length !== 1) return out;
  const own = stageValues(s);
  for (const b of bounds) {
    const read = [...readNames(b.may)];
    // An earlier launch knows nothing that the stage itself computes.
    if (boundsExprs(b).some((e) => [...readNames(e)].some((n) => own.has(n)))) continue;
    if (out.has(key(b.may)) || !read.some((n) => summaries.ofStream(n))) continue;
    const stored = read.some((n) => summaries.ofPairs(n))
      ? storeList(s, plan, b, limits, out.size)
      : storeRanges(s, plan, b, summaryPlan(limits), out.size);
    out.set(key(b.may), stored);
  }
  return out;
}

class PassBounds {
  private readonly loops: readonly TileLoop[];
  private readonly unknowns = new Unknowns();

  constructor(
    private readonly stage: Stage,
    private readonly pass: Pass,
    plan: StagePlan,
    private readonly summaries: Summaries,
  ) {
    this.loops = streamLoops(stage, plan);
  }

  derive(): Bounds {
    const opened = domains(this.stage, this.pass, this.unknowns).map((e) => e && this.summaries.replace(e));
    // A pass that writes elements writes the masked ones as well, unless the domain says which.
    const everything =
      this.pass.stores.some((x) => x.keep === undefined) || opened.some((e) => e === undefined);
    const some = everything ? TRUE : simplify(opened.map((e) => e!).reduce((a, b) => op('or', a, b)));
    const { wanted } = this.stage;
    const any = wanted && this.pass.stores.length === 0 ? simplify(op('and', wanted, some)) : some;
    const all = simplify(opened.map((e) => e ?? TRUE).reduce((a, b) => op('and', a, b), TRUE as Expr));
    const bounds = this.solve(any, all);
    for (const e of boundsExprs(bounds)) this.summaries.note(e);
    return bounds;
  }

  private solve(any: Expr, all: Expr): Bounds {
    const outside = this.withoutStream(any);
    const box = this.box(this.summaries.ranges(), [any, all, outside]);
    const outer = new Set(this.stage.row.map((a) => a.name));
    for (const v of this.summaries.ranges().keys())
      if (!this.summaries.streamVariables().has(v)) outer.add(v);
    const loops: AxisLoop[] = [];
    let rest = outside;
    for (const l of this.loops) {
      const solved = solveFor(rest, l.axis, this.unknownBox(box), outer);
      loops.push({ axis: l.axis, ranges: solved.ranges });
      rest = solved.rest;
      outer.add(l.axis);
    }
    const { batch, row, stream } = this.stage;
    const natural = naturalOf([...batch, ...row, ...stream]);
    const safe = simplify(fits(outside, this.unknownBox(box), natural));
    // What was made unknown for the ranges is tested as it is.
    const may = isTrue(rest) ? TRUE : truthOf(any === outside ? rest : any, box).may;
    const full = simplify(op('and', this.inside(), truthOf(all, box).must));
    // What tiles of the stream hold is known inside the loop only, and so is whether it can overflow.
    const inner = any === outside && all === any ? TRUE : simplify(fits(op('and', any, all), box, natural));
    return {
      loops,
      fits: safe,
      may: isTrue(may) ? TRUE : simplify(op('or', simplify(op('not', inner)), may)),
      full: simplify(op('and', inner, full)),
    };
  }

  private box(summarised: ReadonlyMap<string, Range>, predicates: readonly Expr[]): Box {
    return new Map<string, Range>([
      ...this.stage.row.map(blockRange),
      ...this.stage.stream.map(blockRange),
      ...summarised,
      ...unknownBox(predicates),
    ]);
  }

  /** Before the loop over tiles nothing is known about the summaries of the stream. */
  private unknownBox(box: Box): Box {
    const stream = this.summaries.streamVariables();
    return new Map([...box].map(([n, r]): [string, Range] => [n, stream.has(n) ? {} : r]));
  }

  /** The predicate with every test that reads the stream's data made unknown. */
  private withoutStream(e: Expr): Expr {
    const stream = this.summaries.streamVariables();
    if (stream.size === 0) return e;
    return rewrite(e, (x) => {
      if (x.kind !== 'op' || x.type !== 'bool' || x.args.some((a) => a.type === 'bool')) return x;
      return [...freeVars(x)].some((v) => stream.has(v)) ? this.unknowns.of('bool') : x;
    });
  }

  /** Every position of the tile exists. */
  private inside(): Expr {
    return this.loops
      .map((l): Expr => {
        if (l.extent.kind === 'const' && l.extent.value % l.block === 0) return TRUE;
        const first = op('mul', variable(`${l.axis}.tile`), i32(l.block));
        const plain = l.scale.kind === 'const' && l.scale.value === 1;
        return op('le', op('add', plain ? variable(`${l.axis}.first`) : first, i32(l.block)), l.extent);
      })
      .reduce((a, b) => simplify(op('and', a, b)), TRUE as Expr);
  }
}
