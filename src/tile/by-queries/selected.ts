/**
 * Which blocks of keys a row of a stage attends to, where selections decide and keys enter them by blocks only: a predicate
 * over the row and the number of the block, and how many blocks of a row it holds for at most.
 */
import { freeVars, i32, isFalse, isTrue, key, op, rewrite, variable, type Expr } from '../../expr/expr.ts';
import { fits } from '../../expr/fits.ts';
import { truthOf, type Box } from '../../expr/interval.ts';
import { simplify } from '../../expr/simplify.ts';
import { domains, hasUnknown, unknownBox, Unknowns } from '../domain.ts';
import { splittablePass } from '../split.ts';
import { blockSize } from '../summary-stages.ts';
import type { Pass, Stage, TileAxis, TileTensor } from '../tile.ts';
import { tileCount } from '../sides.ts';

export interface Selected {
  readonly pass: Pass;
  readonly row: TileAxis;
  readonly stream: TileAxis;
  /** Keys of a block. */
  readonly size: number;
  /** The axis of blocks, named after the stream. */
  readonly blocks: TileAxis;
  /** Blocks of a row, at most. */
  readonly most: number;
  /** Whether a row attends to a key of a block, over batch axes, the row and the block. */
  readonly visits: Expr;
  /** The domains of the pass in a block that a row visits, over the axes of the stage and the block. */
  readonly domains: readonly Expr[];
}

const COMPARISONS = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);
const TRUE: Expr = { kind: 'const', type: 'bool', value: 1 };
const FALSE: Expr = { kind: 'const', type: 'bool', value: 0 };

/** @param tensors of the program: those that say what selections take, and how much at most */
export function selectedBlocks(s: Stage, tensors: readonly TileTensor[]): Selected | undefined {
  const pass = splittablePass(s);
  const [row, ...rows] = s.row;
  const [stream, ...streams] = s.stream;
  if (!pass || !row || !stream || rows.length + streams.length > 0 || pass.operands.length === 0)
    return undefined;
  const own = domains(s, pass);
  if (own.some((e) => e === undefined || hasUnknown(e))) return undefined;
  const any = (own as readonly Expr[]).reduce((a, b) => op('or', a, b));
  const size = selectedSize(any, stream.name, new Set(tensors.filter((t) => t.most).map((t) => t.name)));
  if (size < 2) return undefined;
  const blocks: TileAxis = { name: `${stream.name}.block`, extent: tileCount(stream.extent, size) };
  const byBlock = (e: Expr): Expr => throughBlocks(e, stream.name, size, variable(blocks.name));
  const exact = simplify(known(byBlock(any), stream.name));
  const most = bound(exact, blocks.name, tensors);
  if (most === Infinity) return undefined;
  const visits = simplify(nearly(byBlock(any), exact, s, stream, size, blocks));
  return {
    pass,
    row,
    stream,
    size,
    blocks,
    most,
    visits,
    domains: (own as readonly Expr[]).map((e) => simplify(withoutImplied(byBlock(e), exact))),
  };
}

/** The size of the blocks by which keys enter what is taken; 1 if they enter otherwise, or nowhere. */
function selectedSize(e: Expr, stream: string, taking: ReadonlySet<string>): number {
  let size = 0;
  rewrite(e, (x) => {
    if (x.kind === 'read' && taking.has(x.name) && freeVars(x).has(stream)) size = blockSize(x, stream, size);
    return x;
  });
  return Math.max(size, 1);
}

/** Quotients of a position by the size of blocks, or multiples of it, as expressions over the block. */
export function throughBlocks(e: Expr, stream: string, size: number, block: Expr): Expr {
  return rewrite(e, (x) => {
    if (x.kind !== 'op' || (x.op !== 'quot' && x.op !== 'idiv')) return x;
    const [a, b] = x.args as [Expr, Expr];
    if (a.kind !== 'var' || a.name !== stream || b.kind !== 'const' || b.value <= 0) return x;
    if (b.value % size !== 0) return x;
    return b.value === size ? block : op(x.op, block, i32(b.value / size));
  });
}

const mentions = (e: Expr, axis: string): boolean => freeVars(e).has(axis);

/** What blocks say: tests of single positions may come out either way. */
function known(e: Expr, stream: string): Expr {
  const unknowns = new Unknowns();
  const unknown = rewrite(e, (x) =>
    x.kind === 'op' && x.type === 'bool' && COMPARISONS.has(x.op) && mentions(x, stream)
      ? unknowns.of('bool')
      : x,
  );
  return truthOf(unknown, unknownBox([unknown])).may;
}

/** What positions say as well, of the whole block; true where 32-bit integers could overflow in it. */
function nearly(e: Expr, exact: Expr, s: Stage, stream: TileAxis, size: number, blocks: TileAxis): Expr {
  const first = op('mul', variable(blocks.name), i32(size));
  const box: Box = new Map([[stream.name, { lo: first, hi: op('add', first, i32(size - 1)) }]]);
  const axes = [...s.batch, ...s.row, stream, blocks];
  const limit = (n: string): boolean | Expr =>
    axes.find((a) => a.name === n)?.extent ?? axes.some((a) => freeVars(a.extent).has(n));
  const { may } = truthOf(e, box);
  const safe = simplify(fits(e, box, limit));
  // What single positions say only takes blocks away.
  return isTrue(safe) ? may : op('and', exact, op('or', op('not', safe), may));
}

/** How many blocks of a row a predicate can hold for. */
function bound(e: Expr, blocks: string, tensors: readonly TileTensor[]): number {
  if (isFalse(e)) return 0;
  if (e.kind !== 'op') return Infinity;
  const parts = e.args.map((a) => (a.type === 'bool' ? bound(a, blocks, tensors) : Infinity));
  if (e.op === 'or') return parts[0]! + parts[1]!;
  if (e.op === 'and') return Math.min(...parts);
  const [a, b] = e.args as [Expr, Expr];
  if (e.op === 'ne' && a.kind === 'read' && b.kind === 'const' && b.value === 0) {
    const t = tensors.find((x) => x.name === a.name);
    const places = a.index.flatMap((x, n) => (mentions(x, blocks) ? [n] : []));
    const [at] = places;
    if (!t?.most || places.length !== 1 || at === undefined || t.axes[at] !== t.takes) return Infinity;
    return a.index[at]!.kind === 'var' ? t.most : Infinity;
  }
  const isBlock = (x: Expr): boolean => x.kind === 'var' && x.name === blocks;
  if (e.op === 'eq' && ((isBlock(a) && !mentions(b, blocks)) || (isBlock(b) && !mentions(a, blocks))))
    return 1;
  return Infinity;
}

/** A predicate in which tests hold without which the block would not be visited. */
function withoutImplied(e: Expr, exact: Expr): Expr {
  const implied = new Map<string, boolean>();
  const holds = (x: Expr): boolean => {
    const k = key(x);
    const ready = implied.get(k);
    if (ready !== undefined) return ready;
    const without = rewrite(exact, (y) => (key(y) === k ? FALSE : y));
    const answer = isFalse(simplify(without));
    implied.set(k, answer);
    return answer;
  };
  return rewrite(e, (x) => (x.kind === 'op' && COMPARISONS.has(x.op) && holds(simplify(x)) ? TRUE : x));
}
