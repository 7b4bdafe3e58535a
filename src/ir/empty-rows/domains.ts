/** The reductions of a kernel that a mask restricts: for each set of rows, which elements exist. */
import {
  bool,
  children,
  freeVars,
  key,
  mapChildren,
  op,
  rewrite,
  substitute,
  variable,
  visit,
} from '../../expr/expr.ts';
import { isSelection } from '../../expr/ops.ts';
import type { Expr, ReduceExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import { stateOf, type IrDef, type IrKernel } from '../ir.ts';

/** Elements along `reduced` exist where `where` holds; there is one row for each choice of `rows` with `given`. */
export interface Domain {
  readonly reduced: readonly string[];
  readonly rows: readonly string[];
  /** Over rows, reduced axes, sizes and params; its reads are of tensors and of definitions in `kernel`. */
  readonly where: Expr;
  /** Only rows for which this holds are ever computed. */
  readonly given: Expr;
  /** The kernel with definitions for reductions inside of the conditions. */
  readonly kernel: IrKernel;
}

interface Found {
  readonly e: ReduceExpr & { readonly where: Expr };
  readonly given: Expr;
  readonly def: IrDef;
}

/** Every reduction with a condition, and under which conditions it is computed. */
function restricted(k: IrKernel): Found[] {
  const found: Found[] = [];
  const walk = (e: Expr, given: Expr, def: IrDef): void => {
    if (e.kind === 'reduce') {
      const { where } = e;
      if (where) found.push({ e: { ...e, where }, given, def });
      const inner = where ? op('and', given, where) : given;
      if (where) walk(where, given, def);
      walk(e.body, inner, def);
      for (const a of e.args ?? []) walk(a, given, def);
    } else if (e.kind === 'op' && e.op === 'select') {
      const [c, a, b] = [e.args[0]!, e.args[1]!, e.args[2]!];
      walk(c, given, def);
      walk(a, op('and', given, c), def);
      walk(b, op('and', given, op('not', c)), def);
    } else for (const c of children(e)) walk(c, given, def);
  };
  for (const d of k.defs) walk(d.value, bool(true), d);
  return found;
}

/** Axes that restricted reductions go over, in the value or in the definitions that it reads. */
function reducedWithin(k: IrKernel): (e: Expr) => ReadonlySet<string> {
  const byDef = new Map<string, Set<string>>();
  const of = (e: Expr): Set<string> => {
    const out = new Set<string>();
    visit(e, (x) => {
      if (x.kind === 'reduce' && x.where) x.axes.forEach((a) => out.add(a));
      if (x.kind === 'read') byDef.get(x.name)?.forEach((a) => out.add(a));
    });
    return out;
  };
  for (const d of k.defs) byDef.set(d.name, of(d.value));
  return of;
}

/** Sums, `any`, `all` and selections of nothing mean what they say; the others, and divisors, have no natural value then. */
function isHarmless({ e }: Found, within: (e: Expr) => ReadonlySet<string>): boolean {
  if (e.op === 'any' || e.op === 'all' || isSelection(e.op)) return true;
  if (e.op !== 'sum') return false;
  // Sums of what was already reduced along their rows, as of weights by key: rows are those of the inner reduction.
  const inner = within(e.body);
  return [...freeVars(e.where)].some((a) => !e.axes.includes(a) && inner.has(a));
}

/** Puts definitions without reductions in the place of their reads, as long as that stays small. */
function inlined(e: Expr, k: IrKernel): Expr {
  const simple = new Map(
    k.defs
      .filter((d) => size(d.value) <= LARGEST_INLINED && !reduces(d.value) && !isStep(k, d.value))
      .map((d) => [d.name, d]),
  );
  const expand = (x: Expr): Expr =>
    rewrite(x, (r) => {
      const d = r.kind === 'read' ? simple.get(r.name) : undefined;
      if (!d || r.kind !== 'read') return r;
      return substitute(expand(d.value), new Map(d.indices.map((a, n) => [a, r.index[n]!])));
    });
  const full = expand(e);
  return size(full) > LARGEST_CONDITION ? e : full;
}
const LARGEST_INLINED = 60;
const LARGEST_CONDITION = 1000;

function size(e: Expr): number {
  let n = 0;
  visit(e, () => n++);
  return n;
}
function reduces(e: Expr): boolean {
  let found = false;
  visit(e, (x) => (found ||= x.kind === 'reduce'));
  return found;
}

/** Whether a state is read, which means the same at its own position only. */
function isStep(k: IrKernel, e: Expr): boolean {
  let found = false;
  visit(e, (x) => (found ||= x.kind === 'read' && stateOf(k, x.name) !== undefined));
  return found;
}

/** Gives reductions and states inside of a condition a definition of their own. */
function hoisted(e: Expr, k: IrKernel, made: IrDef[]): Expr {
  const axes = new Set(k.axes.map((a) => a.name));
  const isState = e.kind === 'read' && stateOf(k, e.name) !== undefined;
  if (e.kind !== 'reduce' && !isState) return mapChildren(e, (c) => hoisted(c, k, made));
  const indices = [...freeVars(e)].filter((v) => axes.has(v));
  const name = `rows.${made.length}`;
  made.push({ name, role: 'let', indices, type: e.type, value: e });
  return { kind: 'read', type: e.type, name, index: indices.map((a) => variable(a)) };
}

/** The parts of a condition that must all hold. */
export function conjuncts(e: Expr): Expr[] {
  return e.kind === 'op' && e.op === 'and' ? e.args.flatMap(conjuncts) : [e];
}

const asksFor = (f: Found): boolean => f.e.op === 'any' && f.e.body.kind === 'const' && f.e.body.value !== 0;
const domainKey = (f: Found): string => `${[...f.e.axes].sort().join()}|${key(f.e.where)}`;

/** Tells reductions that masks restrict from those whose own range does. */
export type IsMasked = (reduced: readonly string[], where: Expr) => boolean;

export interface Domains {
  /** Each once, in the order of the definitions. */
  readonly all: readonly Domain[];
  /** Some were left out because the kernel itself asks which of their rows keep nothing. */
  readonly asked: boolean;
}

/**
 * The domains whose empty rows would show.
 * @param isMasked whether mask lines alone, not the range of a reduction, say which elements along these axes exist
 */
export function domainsOf(k: IrKernel, isMasked: IsMasked): Domains {
  const within = reducedWithin(k);
  const found = restricted(k);
  const asked = new Set(found.filter(asksFor).map(domainKey));
  const shown = found.filter((f) => !isHarmless(f, within) && isMasked(f.e.axes, f.e.where));
  const axes = new Set(k.axes.map((a) => a.name));
  const all = new Map<string, Domain>();
  for (const f of shown) {
    if (asked.has(domainKey(f))) continue;
    const made: IrDef[] = [];
    const [where, given] = [f.e.where, f.given].map((e) => simplify(hoisted(inlined(e, k), k, made)));
    const rows = new Set([...freeVars(where!), ...freeVars(given!)].filter((v) => axes.has(v)));
    f.e.axes.forEach((a) => rows.delete(a));
    const id = `${domainKey(f)}|${key(given!)}`;
    if (all.has(id)) continue;
    all.set(id, {
      reduced: f.e.axes,
      rows: k.axes.map((a) => a.name).filter((a) => rows.has(a)),
      where: where!,
      given: given!,
      kernel: made.length > 0 ? { ...k, defs: [...k.defs, ...made] } : k,
    });
  }
  return { all: [...all.values()], asked: shown.some((f) => asked.has(domainKey(f))) };
}
