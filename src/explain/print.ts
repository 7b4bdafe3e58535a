/** An explanation as text. */
import { countedLaunches } from '../kernel/launches.ts';
import { printUnit } from '../expr/matrix-unit.ts';
import type { Explanation, StageExplanation, StepsExplanation } from '../explain.ts';
import { printLoop, printRange } from './bounds.ts';
import { grouped, type Figure } from './formula.ts';
import { printRecurrence } from './recurrence.ts';
import type { Cost, TileTally } from './spent.ts';

const list = (xs: readonly string[]): string => (xs.length > 0 ? xs.join(', ') : 'none');

/** `9 %`, with more digits below one. */
function percent(share: number): string {
  const x = 100 * share;
  return `${x >= 10 || x === 0 ? Math.round(x) : Number(x.toPrecision(2))} %`;
}

/** `5,432 of 65,536 visited (8.3 %), 2,976 full and 2,456 partial`. */
export function printTiles(t: TileTally): string {
  const { visited, full, partial, total } = t;
  if (typeof visited !== 'number' || typeof total !== 'number')
    return `${t.exact ? 'all' : 'some'} of ${grouped(total)} visited`;
  const share = total > 0 ? ` (${percent(visited / total)})` : '';
  const atMost = t.exact ? '' : 'at most ';
  const parts = t.exact ? `, ${grouped(full)} full and ${grouped(partial)} partial` : '; it depends on data';
  return `${atMost}${grouped(visited)} of ${grouped(total)} visited${share}${parts}`;
}

function printOperations(c: Cost, stages: readonly StageExplanation[]): string {
  const [inSteps, inTiles] = [stages.some((s) => s.steps), stages.some((s) => s.passes.length > 0)];
  const shared = stages.some((s) => (s.together?.length ?? 0) > 0);
  if (!inTiles && shared) return `${grouped(c.operations)} in contractions${inSteps ? ' and in steps' : ''}`;
  if (inSteps && !inTiles) return `${grouped(c.operations)} in steps`;
  const steps = inSteps ? ' and in steps' : '';
  if (c.ofDense === undefined)
    return `${grouped(c.operations)} in contractions${steps}, if no tile is skipped`;
  const atMost = c.tiles.exact ? '' : 'at most ';
  const share = `${percent(c.ofDense)} of dense`;
  return `${atMost}${grouped(c.operations)} in contractions of visited tiles${steps}, ${share}`;
}

const loaded = (c: Cost): string =>
  c.loadedBytes === undefined ? '' : `, ${c.tiles.exact ? '' : 'at most '}${grouped(c.loadedBytes)} loaded`;

function printWorkgroups(s: StageExplanation, cores: number): string {
  const figure: Figure = s.workgroups;
  const per = s.together
    ? `one per ${list(s.batch)}`
    : `one per ${list([...s.batch, `block of ${s.plan.blockM} rows (${list(s.rows)})`])}`;
  if (typeof figure === 'string' || s.workgroupsPerCore === undefined) return `${figure}, ${per}`;
  const each = s.workgroupsPerCore;
  const fill =
    each >= 1
      ? `${each >= 10 ? Math.round(each) : Number(each.toPrecision(2))} per core of ${cores}`
      : `${cores - figure} of ${cores} cores stay idle`;
  return `${grouped(figure)}, ${per}; ${fill}`;
}

function printSteps(s: StageExplanation, { axis, reverse, range, carries }: StepsExplanation): string[] {
  const from = reverse ? ', from the last position' : '';
  return [
    `  operations   ${printOperations(s, [s])}`,
    `  steps        along ${axis}${from}, one after the other`,
    ...(range ? [`    ${printRange(range)}: others change nothing`] : []),
    ...carries.map((x) => `    carries ${x}`),
  ];
}

function printStage(s: StageExplanation, cores: number): string[] {
  const { plan } = s;
  const lines = [
    '',
    `launch ${s.name} writes ${list(s.writes)}`,
    ...s.before.map((w) => `  before       ${w.launch}: ${w.why} (${w.tensor})`),
    ...(s.sharesCode
      ? [`  code         kernel ${s.sharesCode.kernel}, also for ${list(s.sharesCode.with)}`]
      : []),
    `  workgroups   ${printWorkgroups(s, cores)}`,
    `  arrangement  ${plan.arrangement}, ${plan.lanes} lanes, ${s.workgroupBytes} bytes of workgroup memory`,
  ];
  if (plan.products) {
    const { unit, sumColumns } = plan.products;
    lines.push(
      `  products     matrices ${printUnit(unit)} of subgroups, ${sumColumns} columns of a sum at a time`,
    );
  }
  if (s.shares > 1) lines.push(`  shares       ${s.shares} workgroups share the stream of a block of rows`);
  if (s.steps) return [...lines, ...printSteps(s, s.steps)];
  if (s.together) {
    const sums =
      s.together.length > 0 ? [`  operations   ${grouped(s.operations)} in ${list(s.together)}`] : [];
    return [...lines, ...sums, '  values       one after the other, by all lanes'];
  }
  if (s.stream.length === 0) return [...lines, '  stream       none: each row is computed by itself'];
  if (s.operations !== 0) lines.push(`  operations   ${printOperations(s, [s])}`);
  for (const [n, p] of s.passes.entries()) {
    const shape = plan.streamShape ? plan.streamShape.join(' × ') : plan.blockN;
    const rows = plan.rowShape ? ` for ${plan.rowShape.join(' × ')} rows` : '';
    lines.push(`  pass ${n + 1} over ${list(s.stream)} in tiles of ${shape}${rows}`);
    if (p.fills) lines.push('    writes 0 in the place of what nobody reads');
    for (const l of p.loops) lines.push(`    ${printLoop(l)}`);
    if (p.needed !== undefined) lines.push(`    none unless ${p.needed} in some row`);
    if (p.visits !== 'true') lines.push(`    visited if  ${p.visits}`);
    if (p.list !== undefined) lines.push(`    through     a list of ${p.list} tiles, written before`);
    lines.push(p.full === 'false' ? '    no tile is full' : `    full if     ${p.full}`);
    if (p.fits !== 'true') lines.push(`    if integers fit: ${p.fits}; else every tile is visited`);
    if (p.limited)
      lines.push('    looser than data would allow: a launch has no buffers left to read it from');
    lines.push(`    tiles       ${printTiles(p.tiles)}`);
    for (const c of p.integers) lines.push(`    sums ${c}`);
    for (const c of p.carriers) lines.push(`    carries ${c}`);
  }
  return lines;
}

function printValues({ values, assumed }: Explanation): string[] {
  const given = Object.entries(values).map(
    ([n, x]) => `${n} = ${x}${assumed.includes(n) ? ' (assumed)' : ''}`,
  );
  return given.length > 0 ? [`  figures for  ${given.join(', ')}`] : [];
}

/** Definitions of which the same is to be told share a line. */
function printRewrites({ rewrites }: Explanation): string[] {
  const lines = new Map<string, string[]>();
  for (const { def, rewritten, what, why } of rewrites) {
    const text = `${what}, since ${why}`;
    const defs = lines.get(text) ?? [rewritten ? '  rewritten    ' : '  as written   '];
    lines.set(text, [...defs, defs.length > 1 ? `, ${def}` : def]);
  }
  return [...lines].map(([text, defs]) => `${defs.join('')}: ${text}`);
}

/** Three digits are more than the rates of a device are worth. */
const printLimit = ({ limit }: Explanation): string[] =>
  limit ? [`  limit        ${Number(limit.ms.toPrecision(3))} ms by ${limit.by}, on ${limit.device}`] : [];

function printPlan({ planUse }: Explanation): string[] {
  if (!planUse) return [];
  const { source, used, measured } = planUse;
  if (!used) return [`  plan         chosen by the compiler; the one in ${source} is for other launches`];
  const gain = measured
    ? `, ${(measured.default_ms / measured.median_ms).toFixed(2)} times as fast as the compiler's on ${measured.device}`
    : '';
  return [`  plan         from ${source}${gain}`];
}

/** For people; every figure is in the data as well. */
export function printExplanation(e: Explanation): string {
  return [
    `kernel ${e.kernel}: ${countedLaunches(e.launches, e.kernels)}`,
    ...(e.notes ?? []).map((text) => `  ${text}`),
    ...printPlan(e),
    ...printValues(e),
    ...(e.stages.some((s) => s.passes.length > 0) || !e.stages.some((s) => s.steps)
      ? [`  tiles        ${printTiles(e.tiles)}`]
      : []),
    `  operations   ${printOperations(e, e.stages)}`,
    `  bytes        ${grouped(e.bytes)} of inputs and outputs${loaded(e)}`,
    `  workspace    ${grouped(e.workspaceBytes)} bytes between launches`,
    ...printLimit(e),
    ...printRewrites(e),
    ...e.recurrences.flatMap(printRecurrence),
    ...e.stages.flatMap((s) => printStage(s, e.cores)),
    '',
  ].join('\n');
}
