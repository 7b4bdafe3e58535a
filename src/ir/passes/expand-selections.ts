/**
 * Selections as sums, in the pass `expand-reductions`: what a selection asks is what comes before an element, kept for all
 * elements of its axis.
 *
 *   topk[c where W](x; at, k)  →  rank[at] < k      rank[c] = W ? sum[b where W](b before c) : the greatest integer
 *                               or, for a small k that is known, by places carried along c (bounded-selection.ts)
 *   topp[c where W](x; at, p)  →  before[at] < p · sum[c where W](x)     before[c] = W ? sum[b where W, b before c](x) : −1
 *   nth[c where W](s; n)       →  how many counts are at most n         count[c] = sum[b where W and s, b <= c](1)
 *
 * b is before c where its value is greater, or equal and b < c. Values and sums are stored, so that the order is computed
 * once per element, whoever asks: a selection of a block is read at each position of the block.
 */
import {
  f32,
  freeVars,
  i32,
  op,
  read,
  readNames,
  rewrite,
  substitute,
  variable,
  type Expr,
  type ReduceExpr,
} from '../../expr/expr.ts';
import { isSelection } from '../../expr/ops.ts';
import { axisOf, type IrAxis, type IrDef, type IrKernel, type IrState } from '../ir.ts';
import { isFew, placesOf } from './bounded-selection.ts';
import { readersOf } from '../needs.ts';
import { FreshNames } from './names.ts';

const LAST = 2147483647;

/** Reads at given elements of the selection's axis, the other indices being those of the place. */
type At = (index: Expr) => Expr;

class Expansion {
  private readonly axes: IrAxis[];
  private readonly defs: IrDef[] = [];
  private readonly states: IrState[] = [];
  private readonly names: FreshNames;
  private readonly stored = new Set<string>();
  /** States, and what is made of their values at a step. */
  private readonly inSteps: ReadonlySet<string>;

  constructor(private readonly kernel: IrKernel) {
    this.inSteps = readersOf(
      kernel,
      kernel.states.map((s) => s.name),
    );
    this.axes = together(kernel.axes);
    this.names = new FreshNames([
      ...kernel.sizes,
      ...[kernel.axes, kernel.params, kernel.tensors, kernel.defs].flatMap((xs) => xs.map((x) => x.name)),
      ...kernel.states.flatMap((s) => [s.name, s.final]),
    ]);
  }

  run(): IrKernel {
    for (const d of this.kernel.defs) this.defs.push({ ...d, value: this.expand(d.value, d.name) });
    const states = this.kernel.states.map((s) => ({ ...s, init: this.expand(s.init, s.name) }));
    const defs = this.defs.map((d) => (this.stored.has(d.name) ? { ...d, stored: true as const } : d));
    return { ...this.kernel, axes: this.axes, states: [...states, ...this.states], defs };
  }

  private expand(e: Expr, owner: string): Expr {
    return rewrite(e, (x) => {
      if (x.kind !== 'reduce' || !isSelection(x.op)) return x;
      if (x.op === 'nth') return this.nth(x, owner);
      return x.op === 'topk' ? this.topk(x, owner) : this.topp(x, owner);
    });
  }

  private topk(e: ReduceExpr, owner: string): Expr {
    const [at, limit] = [e.args![0]!, e.args![1]!];
    // Places are carried along the axis: within a step they would be states of states.
    if (isFew(limit) && !this.isInSteps(e)) return this.few(e, owner, at, limit.value);
    const rank = this.overElements(e, owner, 'rank', i32(LAST), 'i32', (before, kept) => ({
      ...this.sum(e, kept),
      type: 'i32',
      body: { kind: 'op', type: 'i32', op: 'cast', args: [before] },
    }));
    return op('lt', rank(at), limit);
  }

  private isInSteps(e: Expr): boolean {
    return [...readNames(e)].some((name) => this.inSteps.has(name));
  }

  private few(e: ReduceExpr, owner: string, at: Expr, most: number): Expr {
    const [axis] = e.axes as [string];
    const value = this.values(e, owner)(variable(axis));
    const indices = this.indicesOf(axis, [e]);
    const places = this.names.fresh(`${axis}.place`);
    this.axes.push({ name: places, extent: i32(most) });
    const selection = { axis, indices, places, most, where: e.where, value };
    const made = placesOf(selection, (what) => this.names.fresh(`${owner}.${what}`));
    this.states.push(...made.states);
    this.defs.push(...made.defs);
    const taken: Expr = { kind: 'op', type: 'i32', op: 'cast', args: [made.taken] };
    return op('ne', this.store(owner, 'taken', axis, [e], taken, most)(at), i32(0));
  }

  private topp(e: ReduceExpr, owner: string): Expr {
    const [at, share] = [e.args![0]!, e.args![1]!];
    const value = this.values(e, owner);
    const mass = this.overElements(e, owner, 'before', f32(-1), 'f32', (before, kept, b) => ({
      ...this.sum(e, kept ? op('and', kept, before) : before),
      type: 'f32',
      body: value(variable(b)),
    }));
    const all = { ...this.sum(e, e.where), type: 'f32' as const, body: value(variable(e.axes[0]!)) };
    const within = op('or', op('ge', share, f32(1)), op('lt', mass(at), op('mul', share, all)));
    return op('and', op('ge', mass(at), f32(0)), within);
  }

  private nth(e: ReduceExpr, owner: string): Expr {
    const n = e.args![0]!;
    const [c] = e.axes as [string];
    const b = this.copy(c);
    const taken = e.where ? op('and', e.where, e.body) : e.body;
    const upTo = op('le', variable(b), variable(c));
    const count = this.store(owner, 'count', c, [e], {
      kind: 'reduce',
      type: 'i32',
      op: 'sum',
      axes: [b],
      where: op('and', renamed(taken, c, b), upTo),
      body: i32(1),
    });
    const few: ReduceExpr = {
      kind: 'reduce',
      type: 'i32',
      op: 'sum',
      axes: [c],
      body: { kind: 'op', type: 'i32', op: 'cast', args: [op('le', count(variable(c)), n)] },
    };
    const exists = op('and', op('ge', n, i32(0)), op('lt', few, axisOf(this.kernel, c)!.extent));
    return op('select', exists, few, i32(-1));
  }

  private sum(e: ReduceExpr, where: Expr | undefined): Omit<ReduceExpr, 'type' | 'body'> {
    const { axes } = e;
    return { kind: 'reduce', op: 'sum', axes, ...(where ? { where } : {}) };
  }

  /** A sum over all elements b for each element c of the axis, and `otherwise` where c does not exist. */
  private overElements(
    e: ReduceExpr,
    owner: string,
    what: string,
    otherwise: Expr,
    type: IrDef['type'],
    sum: (before: Expr, kept: Expr | undefined, b: string) => ReduceExpr,
  ): At {
    const [c] = e.axes as [string];
    const b = this.copy(c);
    const value = this.values(e, owner);
    const [mine, other] = [value(variable(c)), value(variable(b))];
    const first = op('and', op('eq', other, mine), op('lt', variable(b), variable(c)));
    const made = sum(op('or', op('gt', other, mine), first), e.where && renamed(e.where, c, b), b);
    const over: Expr = { ...made, axes: [b] };
    const all = e.where ? op('select', e.where, over, otherwise) : over;
    return this.store(owner, what, c, [e], { ...all, type } as Expr);
  }

  private readonly known = new Map<ReduceExpr, At>();
  /** The values that are compared, which many elements read. */
  private values(e: ReduceExpr, owner: string): At {
    const ready = this.known.get(e);
    if (ready) return ready;
    const [c] = e.axes as [string];
    const { body } = e;
    const plain = body.kind === 'read' && body.index.every((x) => x.kind === 'var');
    let at: At;
    if (plain) {
      if (this.defs.some((d) => d.name === body.name)) this.stored.add(body.name);
      at = (index) => substitute(body, new Map([[c, index]]));
    } else {
      const zero: Expr = { kind: 'const', type: body.type, value: 0 };
      const value = e.where ? op('select', e.where, body, zero) : body;
      at = this.store(owner, 'value', c, [e], value);
    }
    this.known.set(e, at);
    return at;
  }

  /** Adds a stored definition over the axis and over what the selection depends on. */
  private store(
    owner: string,
    what: string,
    axis: string,
    of: readonly ReduceExpr[],
    value: Expr,
    most?: number,
  ): At {
    const indices = this.indicesOf(axis, of);
    const name = this.names.fresh(`${owner}.${what}`);
    const { type } = value;
    this.defs.push({
      name,
      role: 'let',
      indices,
      type,
      value,
      stored: true,
      takes: axis,
      ...(most === undefined ? {} : { most }),
    });
    return (index) =>
      read(
        name,
        indices.map((a) => (a === axis ? index : variable(a))),
        type,
      );
  }

  /** What a selection depends on, the axis that it selects from among it. */
  private indicesOf(axis: string, of: readonly ReduceExpr[]): readonly string[] {
    const free = new Set([axis, ...of.flatMap((e) => [...freeVars({ ...e, args: [] })])]);
    return this.axes.map((a) => a.name).filter((a) => free.has(a));
  }

  private copy(axis: string): string {
    const name = this.names.fresh(axis);
    const at = this.axes.findIndex((a) => a.name === axis);
    this.axes.splice(at + 1, 0, { ...this.axes[at]!, name });
    return name;
  }
}

/** Copies of an axis directly behind it: what is stored over a copy lies in memory as it would over the axis. */
const together = (axes: readonly IrAxis[]): IrAxis[] =>
  axes.flatMap((a, n) =>
    a.span && axes.findIndex((x) => x.span === a.span) < n
      ? []
      : [a, ...axes.slice(n + 1).filter((x) => a.span && x.span === a.span)],
  );

const renamed = (e: Expr, from: string, to: string): Expr => substitute(e, new Map([[from, variable(to)]]));

export function expandSelections(k: IrKernel): IrKernel {
  return new Expansion(k).run();
}
