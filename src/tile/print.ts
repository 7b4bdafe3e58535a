/** Deterministic text of tiled programs. */
import { printUnit } from '../expr/matrix-unit.ts';
import { isTrue } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import type { Interval } from '../expr/solve.ts';
import type { StagePlan } from './plan.ts';
import type {
  Block,
  Bounds,
  Keep,
  Operand,
  Pass,
  Recurrence,
  StepRange,
  Stage,
  Step,
  Store,
  TileAxis,
  TileDef,
  TileProgram,
} from './tile.ts';

const axes = (xs: readonly TileAxis[]): string =>
  xs.length === 0 ? '-' : xs.map((a) => `${a.name}: ${printExpr(a.extent)}`).join(', ');

const def = (d: TileDef): string =>
  `${d.site} ${d.name}${d.vectors.length ? `[${d.vectors.join(', ')}]` : ''}: ${d.type} = ${printExpr(d.value)}`;
const operand = (o: Operand): string =>
  `operand ${o.name}[${o.site}, ${o.vector}]: ${o.storage} = ${printExpr(o.value)}`;
const keep = (k: Keep): string => `keep ${k.name} = ${k.where ? printExpr(k.where) : 'all'}`;
const store = (s: Store): string => {
  const index = s.indices.map((a) => (typeof a === 'object' ? printExpr(a) : a)).join(', ');
  const where = s.keep ?? (s.where && printExpr(s.where));
  return `store ${s.output}[${index}] = ${printExpr(s.value)}${where === undefined ? '' : ` where ${where}`}`;
};

function step(s: Step): string {
  const scaled = s.kind !== 'reference' && s.scaledBy ? ` scaled by ${s.scaledBy}` : '';
  switch (s.kind) {
    case 'reference':
      return `reference ${s.name} (${s.base}) = ${printExpr(s.value)}`;
    case 'fold':
      return `fold ${s.name}: ${s.type} ${s.op}= ${printExpr(s.value)} where ${s.keep}${scaled}`;
    case 'accumulate':
      return `accumulate ${s.name}[${s.vector}] += ${printExpr(s.weight)} * ${s.operand} where ${s.keep}${scaled}`;
  }
}

function range(r: Interval): string {
  const ends = `${r.lo ? printExpr(r.lo) : '..'} to ${r.hi ? printExpr(r.hi) : '..'}`;
  return r.when ? `(${ends} when ${printExpr(r.when)})` : `(${ends})`;
}

function bounds(b: Bounds): string[] {
  return [
    ...(isTrue(b.fits) ? [] : [`fits ${printExpr(b.fits)}`]),
    ...b.loops.map((l) => `loop ${l.axis} in ${l.ranges.map(range).join(' or ') || 'nothing'}`),
    ...(isTrue(b.may) ? [] : [`visit if ${printExpr(b.may)}`]),
    ...(b.list ? [`list ${b.list.slot} to ${printExpr(b.list.count)}: tile ${printExpr(b.list.tile)}`] : []),
    `full if ${printExpr(b.full)}`,
  ];
}

function plan(p: StagePlan): string {
  const shape = (block: number, s: readonly number[] | undefined): string => (s ? s.join(' x ') : `${block}`);
  return [
    `plan ${p.arrangement}, rows ${shape(p.blockM, p.rowShape)}, stream ${shape(p.blockN, p.streamShape)}`,
    `${p.lanes} lanes, operands ${p.operands}, full tiles ${p.fullTiles}`,
    ...(p.dataRanges ? [`data ranges ${p.dataRanges}`] : []),
    ...(p.feed
      ? [`${p.feed.layout} tiles ${p.feed.depth} deep, ${p.feed.rowsPerWarp} rows per warp in ${p.feed.rows}`]
      : []),
    ...(p.products
      ? [`matrices ${printUnit(p.products.unit)}, ${p.products.sumColumns} columns of a sum at a time`]
      : []),
    ...(p.references ? [`references ${p.references}`] : []),
    ...(p.spare ? [`spare warps ${p.spare}`] : []),
    ...(p.order ? [`blocks ${p.order}`] : []),
    ...(p.lists ? [`lists of ${p.lists}`] : []),
    ...(p.split ? [`split ${p.split}`] : []),
  ].join(', ');
}

function pass(p: Pass, n: number): string[] {
  return [
    `pass ${n}`,
    ...[
      ...(p.needed ? [`needed where ${printExpr(p.needed)}`] : []),
      ...(p.bounds ? bounds(p.bounds) : []),
      ...p.defs.filter((d) => d.site === 'col').map(def),
      ...p.operands.map(operand),
      ...p.contractions.map(
        (c) =>
          `contract ${c.name}${c.type === 'f32' ? '' : `: ${c.type}`} = sum[${c.vector}](${c.rows} * ${c.cols})`,
      ),
      ...p.defs.filter((d) => d.site !== 'col').map(def),
      ...p.keeps.map(keep),
      ...p.steps.map(step),
      ...p.stores.map(store),
      ...p.finish.map((d) => `finish ${def(d)}`),
    ].map((line) => `  ${line}`),
  ];
}

const stepRange = (r: StepRange): string[] => [
  ...(isTrue(r.fits) ? [] : [`  fits ${printExpr(r.fits)}`]),
  `  changes in ${range(r)}`,
];

function recurrence(r: Recurrence): string[] {
  return [
    `steps along ${r.reverse ? 'reverse ' : ''}${axes([r.axis])}`,
    ...(r.range ? stepRange(r.range) : []),
    ...(r.loops.length > 0 ? [`  loops over ${axes(r.loops)}`] : []),
    ...r.states.map(
      (x) => `  state ${x.name}[${x.indices.join(', ')}]: ${x.type} from ${printExpr(x.init)} then ${x.next}`,
    ),
    ...r.defs.map((d) => `  ${d.name}[${d.indices.join(', ')}]: ${d.type} = ${printExpr(d.value)}`),
    ...r.stores.map((x) => `  store ${x.output}[${x.indices.join(', ')}] = ${x.name}`),
    ...r.finals.map((x) => `store ${x.output}[${x.indices.join(', ')}] = last ${x.name}`),
  ];
}

function block(b: Block): string[] {
  return [
    ...(b.walk ? [`walk ${b.walk.reverse ? 'reverse ' : ''}${b.walk.axis}: ${b.walk.extent}`] : []),
    ...b.states.map(
      (x) =>
        `state ${x.name}[${x.indices.join(', ')}]: ${x.type} along ${x.reverse ? 'reverse ' : ''}${x.axis} from ${printExpr(x.init)} then ${x.next}; last ${x.final}`,
    ),
    ...b.defs.map((d) => `${d.name}[${d.indices.join(', ')}]: ${d.type} = ${printExpr(d.value)}`),
    ...b.stores.map((x) => {
      const where = x.where ? ` where ${printExpr(x.where)}` : '';
      return `store ${x.output}[${x.index.map((e) => printExpr(e)).join(', ')}] = ${printExpr(x.value)} for ${x.axes.join(', ') || 'one'}${where}`;
    }),
  ];
}

function stage(s: Stage): string[] {
  return [
    `stage ${s.name}`,
    ...[
      `batch ${axes(s.batch)}`,
      `row ${axes(s.row)}`,
      ...(s.recurrence || s.block ? [] : [`stream ${axes(s.stream)}`]),
      ...(s.plan ? [plan(s.plan)] : []),
      ...(s.part ? [`share ${s.part.axis} of ${s.part.of}`] : []),
      ...(s.wanted ? [`wanted where ${printExpr(s.wanted)}`] : []),
      ...s.vectors.map((v) => `vector ${v.name}: ${v.extent}`),
      ...s.prologue.map(def),
      ...s.rowOperands.map(operand),
      ...(s.recurrence ? recurrence(s.recurrence) : []),
      ...(s.block ? block(s.block) : []),
      ...s.passes.flatMap(pass),
      ...s.stores.map(store),
    ].map((line) => `  ${line}`),
  ];
}

export function printTile(p: TileProgram): string {
  const tensors = p.tensors.map(
    (t) =>
      `  ${t.role} ${t.name}: ${t.storage}[${t.shape.map((e) => printExpr(e)).join(', ')}]` +
      (t.within ? ` in ${t.within.buffer} at ${printExpr(t.within.offset)}` : ''),
  );
  return [`tiles ${p.name}`, ...tensors, ...p.stages.flatMap(stage).map((l) => `  ${l}`), ''].join('\n');
}
