/**
 * Pass `by-queries`: a stage whose rows select blocks of its stream for themselves becomes a stage over the blocks, whose
 * tiles are groups of rows that selected the same one, and a stage that merges what became of a row in its blocks. In between
 * lie a row's carriers for each of its blocks: as many rows as are selected, whatever the stream's length.
 */
import {
  freeVars,
  i32,
  key,
  op,
  read,
  readNames,
  rewrite,
  substitute,
  variable,
  type Expr,
} from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { mergeStages } from '../merge.ts';
import type { StagePlan } from '../plan.ts';
import { closure, Parts } from '../split.ts';
import type { Pass, Stage, TileAxis, TileDef, TileProgram, TileTensor } from '../tile.ts';
import { computed, withoutUnread } from './computed.ts';
import { queryLists, type QueryLists } from './lists.ts';
import { selectedBlocks, throughBlocks, type Selected } from './selected.ts';

/**
 * @param planOf the plan of a stage that is made here
 * @param software lanes are few and each reads for itself: one merges whole rows
 */
export function programByQueries(
  p: TileProgram,
  planOf: (s: Stage) => StagePlan,
  software: boolean,
): TileProgram {
  const taken = new Set(p.tensors.map((t) => t.name));
  const tensors: TileTensor[] = [];
  const stages = p.stages.flatMap((s): readonly Stage[] => {
    const { plan } = s;
    const selected =
      plan?.lists === 'queries' && plan.arrangement !== 'warpgroup-matrix'
        ? selectedBlocks(s, p.tensors)
        : undefined;
    if (!plan || !selected) return [s];
    const visits = computed(selected.visits, p);
    const made = stagesByQueries(s, plan, { ...selected, visits }, taken, planOf, software);
    tensors.push(...made.tensors);
    return made.stages;
  });
  if (tensors.length === 0) return p;
  return withoutUnread({ ...p, tensors: [...p.tensors, ...tensors], stages }, p);
}

export interface ByQueries {
  readonly stages: readonly Stage[];
  readonly tensors: readonly TileTensor[];
}

/** @param taken names of tensors; those that are made are added */
export function stagesByQueries(
  s: Stage,
  plan: StagePlan,
  selected: Selected,
  taken: Set<string>,
  planOf: (s: Stage) => StagePlan,
  software: boolean,
): ByQueries {
  const free = freeVars(selected.visits);
  const batch = s.batch.filter((a) => free.has(a.name));
  const lists = queryLists(s.name, selected, {
    batch,
    rows: plan.blockM,
    planOf,
    comparing: software ? (x) => manyRows(planOf(x)) : planOf,
    part: software ? SHORT_PART : PART,
  });
  const places = {
    axes: [...s.batch, lists.group, lists.member],
    index: [...s.batch.map((a) => variable(a.name)), ...lists.place],
    scalars: `ws.${s.name}.carriers`,
    unsettled: plan.references === 'lagging',
  };
  const parts = new Parts(s, selected.pass, places, taken);
  const { lists: _, split: __, ...own } = plan;
  const partial = { ...gathered(s, plan, selected, lists, parts), plan: oneBlock(own, selected.size) };
  const merge = mergeStages(s, selected.pass, {
    ...parts.states(lists.nth),
    scattered: software ? 'lanes' : 'workgroups',
  });
  const planned = software ? rowsOfLanes : wholeRow;
  return {
    stages: [...lists.stages, partial, ...merge.map((x) => ({ ...x, plan: planned(x, planOf(x)) }))],
    tensors: [...lists.tensors, ...parts.tensors],
  };
}

/** Queries of a part. On a GPU what parts follow each other costs time; on a CPU comparisons do. */
const PART = 64;
const SHORT_PART = 16;

/** A lane merges several elements of a row, which share what is the same for all of them. */
function wholeRow(s: Stage, plan: StagePlan): StagePlan {
  const elements = s.row.reduce((n, a) => n * (a.extent.kind === 'const' ? a.extent.value : 1), 1);
  const each = Math.max(1, Math.min(MOST_ELEMENTS, Math.ceil(elements / plan.lanes)));
  return { ...plan, blockM: plan.lanes * each, blockN: MOST_BLOCKS };
}
/** What all rows are compared with is read once for those of a lane. */
const manyRows = (plan: StagePlan): StagePlan => ({ ...plan, blockM: plan.lanes * COMPARED });
const COMPARED = 16;

/** A lane merges rows by itself, all blocks of one together. */
function rowsOfLanes(_: Stage, plan: StagePlan): StagePlan {
  return { ...plan, blockM: plan.lanes, blockN: MOST_BLOCKS, operands: 'direct' };
}
/** Elements of a lane, and blocks of a row that it looks at together. */
const MOST_ELEMENTS = 8;
const MOST_BLOCKS = 8;

/** No more tiles of an operand are on their way than a block has. */
function oneBlock(plan: StagePlan, size: number): StagePlan {
  const { feed } = plan;
  if (!feed) return plan;
  return { ...plan, feed: { ...feed, depth: Math.min(feed.depth, Math.ceil(size / plan.blockN)) } };
}

/** The stage over groups: its rows are members, its stream the positions of one block. */
function gathered(
  s: Stage,
  plan: StagePlan,
  { row, stream, size, domains }: Selected,
  lists: QueryLists,
  parts: Parts,
): Stage {
  const [query, block] = [`${row.name}.query`, `${stream.name}.block.at`];
  const own = (name: string): Expr => read(name, [], 'i32');
  const position = { name: `${stream.name}.at`, extent: i32(size) };
  const at = simplify(op('add', op('mul', own(block), i32(size)), variable(position.name)));
  const axes = new Map([
    [row.name, own(query)],
    [stream.name, at],
    [`${stream.name}.block`, own(block)],
  ]);
  const there = (e: Expr): Expr => substitute(throughBlocks(e, stream.name, size, own(block)), axes);
  // Where lanes load rows and columns for each other, each finds them anew: it has no names for the values of others.
  const shared = plan.arrangement !== 'lane-rows';
  const loaded = (e: Expr): Expr =>
    shared
      ? substituteReads(
          there(e),
          new Map([
            [query, lists.query],
            [block, lists.block],
          ]),
        )
      : there(e);
  // What members past the end of a list leave behind is never read.
  const used = op('ge', own(block), i32(0));
  const inside = op('lt', at, stream.extent);
  const keep = (domain: Expr): Expr =>
    op('and', used, endsWithRow(domain, row, stream) ? there(domain) : op('and', inside, there(domain)));
  const whole = parts.partial();
  const needed = closure(whole, s);
  const brought = <T extends { readonly value: Expr }>(x: T): T => ({ ...x, value: loaded(x.value) });
  const pass: Pass = {
    ...whole,
    ...(whole.needed ? { needed: there(whole.needed) } : {}),
    operands: whole.operands.map(brought),
    defs: [],
    keeps: whole.keeps.map((k, n) => ({ ...k, where: simplify(keep(domains[n]!)) })),
    steps: whole.steps.map((x) =>
      x.kind === 'accumulate' ? { ...x, weight: there(x.weight) } : { ...x, value: there(x.value) },
    ),
  };
  const prologue: TileDef[] = [
    { name: block, site: 'uniform', vectors: [], type: 'i32', value: lists.block },
    { name: query, site: 'row', vectors: [], type: 'i32', value: lists.query },
    ...s.prologue
      .filter((d) => needed.has(d.name))
      .map((d) => ({ ...d, value: there(d.value) as TileDef['value'] })),
  ];
  return {
    name: `${s.name}_parts`,
    batch: [...s.batch, lists.group],
    row: [lists.member],
    stream: [position],
    vectors: s.vectors,
    prologue,
    rowOperands: s.rowOperands.map(brought),
    passes: [
      {
        ...pass,
        defs: readBy(
          whole.defs.map((d) => ({ ...d, value: there(d.value) as TileDef['value'] })),
          pass,
        ),
      },
    ],
    stores: parts.stores,
  };
}

/** Values of the stage replaced by what they are. */
const substituteReads = (e: Expr, values: ReadonlyMap<string, Expr>): Expr =>
  rewrite(e, (x) => (x.kind === 'read' && x.index.length === 0 ? (values.get(x.name) ?? x) : x));

/** Positions that come after the row's are left out, and so are those past the end. */
export function endsWithRow(domain: Expr, row: TileAxis, stream: TileAxis): boolean {
  if (domain.kind !== 'op') return false;
  if (domain.op === 'and') return domain.args.some((a) => endsWithRow(a, row, stream));
  const [a, b] = domain.args;
  const is = (e: Expr | undefined, axis: TileAxis): boolean => e?.kind === 'var' && e.name === axis.name;
  if (key(row.extent) !== key(stream.extent)) return false;
  if (domain.op === 'le' || domain.op === 'lt') return is(a, stream) && is(b, row);
  return (domain.op === 'ge' || domain.op === 'gt') && is(a, row) && is(b, stream);
}

/** What a pass reads of its definitions: its domains were opened. */
function readBy(defs: readonly TileDef[], pass: Pass): readonly TileDef[] {
  const names = new Set<string>();
  for (const o of pass.operands) readNames(o.value, names);
  for (const k of pass.keeps) if (k.where) readNames(k.where, names);
  for (const x of pass.steps) readNames(x.kind === 'accumulate' ? x.weight : x.value, names);
  for (const d of [...defs].reverse()) if (names.has(d.name)) readNames(d.value, names);
  return defs.filter((d) => names.has(d.name));
}
