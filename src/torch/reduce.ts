/** Reductions over axes that become dimensions: elements that a \`where\` leaves out count as what changes nothing. */
import { emptyValue } from '../expr/empty.ts';
import type { Expr, ReduceExpr } from '../expr/expr.ts';
import type { Translate } from './read.ts';
import { chosen, literal, operation } from './operations.ts';
import { extentText, mayBeEmpty, type Machine, type Scope } from './scope.ts';
import { align, at, expand, LEVEL, unionOf, type Value } from './value.ts';

const TRUE: Value = { ...literal('bool', 1), text: 'True' };

export function reduceValue(m: Machine, e: ReduceExpr, outer: Scope, translate: Translate): Value {
  const scope: Scope = {
    axes: [...outer.axes.filter((a) => !e.axes.includes(a)), ...e.axes],
    at: new Map([...outer.at].filter(([a]) => !e.axes.includes(a))),
  };
  const inside = (x: Expr): Value => translate(x, scope);
  const where = e.where && m.share(inside(e.where));
  if (e.op === 'sum' && e.type === 'f32') {
    const product = contraction(m, e, scope, where, inside);
    if (product) return product;
  }
  const reduce: Reduce = { m, e, scope, where, body: inside(e.body) };
  switch (e.op) {
    case 'sum':
      return sum(reduce);
    case 'mean':
    case 'logsumexp':
      return dense(reduce);
    case 'max':
    case 'min':
      return extreme(reduce);
    case 'any':
    case 'all':
      return decided(reduce);
    case 'argmax':
    case 'argmin':
      return firstBest(reduce);
    case 'topk':
    case 'topp':
    case 'nth':
      return selection(
        reduce,
        e.args!.map((a) => translate(a, outer)),
        outer,
      );
  }
}

interface Reduce {
  readonly m: Machine;
  readonly e: ReduceExpr;
  readonly scope: Scope;
  readonly where: Value | undefined;
  readonly body: Value;
}

const dims = (axes: readonly string[], over: readonly string[]): string => {
  const places = axes.flatMap((a, n) => (over.includes(a) ? [n - axes.length] : []));
  return places.length === 1 ? `${places[0]}` : `(${places.join(', ')})`;
};
const tupled = (text: string): string => (text.startsWith('(') ? text : `(${text},)`);

/** A value after some of its axes are gone. */
const reduced = (text: string, e: ReduceExpr, axes: readonly string[]): Value => ({
  text,
  level: LEVEL.atom,
  axes: axes.filter((a) => !e.axes.includes(a)),
  tensor: true,
  type: e.type,
});

/** Masks the body with what changes nothing. */
function kept({ scope, where, body }: Reduce, neutral: number): Value {
  return where ? chosen(where, body, literal(body.type, neutral), scope.axes) : body;
}

function sum(r: Reduce): Value {
  const { m, e, scope } = r;
  const x = kept(r, 0);
  const there = e.axes.filter((a) => x.axes.includes(a));
  const times = e.axes.filter((a) => !there.includes(a)).map((a) => extentText(m, a));
  const type = e.type === 'i32' ? ', dtype=torch.int32' : '';
  const total: Value =
    there.length === 0 ? x : reduced(`torch.sum(${x.text}, dim=${dims(x.axes, there)}${type})`, e, x.axes);
  const all = times.reduce<Value>(
    (v, n) =>
      operation(
        { kind: 'op', op: 'mul', type: e.type, args: [] },
        [v, { text: n, level: LEVEL.ternary, axes: [], tensor: false, type: e.type }],
        scope.axes,
      ),
    total,
  );
  return e.type === 'u32'
    ? { ...all, text: `${at(all, LEVEL.bitand)} & 0xFFFFFFFF`, level: LEVEL.bitand }
    : all;
}

function extreme(r: Reduce): Value {
  const { m, e } = r;
  const empty = emptyValue(e.op, e.type);
  const x = kept(r, empty);
  const there = e.axes.filter((a) => x.axes.includes(a));
  if (there.length === 0) return x;
  const d = dims(x.axes, there);
  const name = e.op === 'max' ? 'torch.amax' : 'torch.amin';
  if (!there.some((a) => mayBeEmpty(m, a))) return reduced(`${name}(${x.text}, dim=${d})`, e, x.axes);
  const largest = e.op === 'max' ? 'True' : 'False';
  return reduced(`_extreme(${x.text}, ${tupled(d)}, ${largest}, ${literal(e.type, empty).text})`, e, x.axes);
}

/** The body with all axes that are reduced, and the condition aligned to it. */
function over(
  r: Reduce,
  masked?: number,
): { readonly x: Value; readonly kept: string; readonly axes: string[] } {
  const { m, e, scope, where = TRUE, body } = r;
  const some = masked === undefined ? body : kept(r, masked);
  const axes = scope.axes.filter(
    (a) => e.axes.includes(a) || some.axes.includes(a) || where.axes.includes(a),
  );
  const x = expand(some, axes, (a) => extentText(m, a));
  const k = where.tensor ? align(where, axes).text : `torch.asarray(${where.text}, device=device)`;
  return { x: align(x, axes), kept: k, axes };
}

function dense(r: Reduce): Value {
  const { e } = r;
  const mean = e.op === 'mean';
  const { x, kept: k, axes } = over(r, mean ? undefined : -Infinity);
  const d = tupled(dims(axes, e.axes));
  return reduced(mean ? `_mean(${x.text}, ${k}, ${d})` : `_logsumexp(${x.text}, ${d})`, e, axes);
}

function decided(r: Reduce): Value {
  const { e } = r;
  const x = kept(r, e.op === 'any' ? 0 : 1);
  const there = e.axes.filter((a) => x.axes.includes(a));
  if (there.length === 0) return x;
  return reduced(`torch.${e.op}(${x.text}, dim=${dims(x.axes, there)})`, e, x.axes);
}

function firstBest(r: Reduce): Value {
  const { e } = r;
  const { x, kept: k, axes } = over(r);
  const largest = e.op === 'argmax' ? 'True' : 'False';
  return reduced(`_first_best(${x.text}, ${k}, ${e.axes.length}, ${largest})`, e, axes);
}

/** Selections go through one axis, which is last; their arguments are over the axes around. */
function selection(r: Reduce, args: readonly Value[], outer: Scope): Value {
  const { e, scope, where } = r;
  const around = unionOf(outer.axes, args);
  const { x, kept: k, axes } = over({ ...r, where: where ?? TRUE });
  const all = scope.axes.filter((a) => axes.includes(a) || around.includes(a));
  const left = all.filter((a) => !e.axes.includes(a));
  const text = (v: Value, to: readonly string[]): string => align(v, to).text;
  const given = args.map((a, n) => (n === 0 || a.tensor ? text(a, left) : a.text));
  const own = where?.tensor ? text(where, all) : k;
  if (e.op === 'nth') {
    const marked = where
      ? operation({ kind: 'op', op: 'and', type: 'bool', args: [] }, [x, where], scope.axes)
      : x;
    return reduced(`_nth(${text(marked, all)}, ${given[0]!})`, e, all);
  }
  return reduced(`_${e.op}(${text(x, all)}, ${own}, ${given.join(', ')})`, e, all);
}

/** A sum of products as one contraction over named axes; undefined where the body is no product of tensors. */
function contraction(
  m: Machine,
  e: ReduceExpr,
  scope: Scope,
  where: Value | undefined,
  inside: (x: Expr) => Value,
): Value | undefined {
  const factors = factorsOf(e.body).map((x) => ({ value: inside(x), given: isInput(m, x) }));
  const tensors = factors.filter((f) => f.value.tensor && f.value.axes.length > 0);
  if (tensors.length < 2 || tensors.length > 6 || (where && !where.tensor)) return undefined;
  // Inputs are finite, so that a factor of 0 beside them is enough; what was computed may not be, where it is left out.
  const masks = tensors.map((f) => where !== undefined && !f.given);
  if (where && !masks.includes(true)) masks[0] = true;
  const values = tensors.map((f, n) =>
    masks[n] ? chosen(where!, f.value, literal('f32', 0), scope.axes) : f.value,
  );
  const there = unionOf(scope.axes, values);
  const left = there.filter((a) => !e.axes.includes(a));
  const letters = lettersFor(there);
  const spell = (axes: readonly string[]): string => axes.map((a) => letters.get(a)!).join('');
  const operands = values.map((v) => v.unordered ?? v);
  const formula = `'${operands.map((v) => spell(v.axes)).join(',')}->${spell(left)}'`;
  const product = reduced(`torch.einsum(${[formula, ...operands.map((v) => v.text)].join(', ')})`, e, there);
  const numbers = factors.filter((f) => !tensors.includes(f)).map((f) => f.value);
  const missing = e.axes
    .filter((a) => !there.includes(a))
    .map((a): Value => ({
      text: extentText(m, a),
      level: LEVEL.ternary,
      axes: [],
      tensor: false,
      type: 'f32',
    }));
  return [...numbers, ...missing].reduce<Value>(
    (v, n) => operation({ kind: 'op', op: 'mul', type: 'f32', args: [] }, [v, n], scope.axes),
    product,
  );
}

const factorsOf = (e: Expr): readonly Expr[] =>
  e.kind === 'op' && e.op === 'mul' && e.type === 'f32' ? e.args.flatMap(factorsOf) : [e];

const isInput = (m: Machine, e: Expr): boolean =>
  e.kind === 'read' && m.kernel.tensors.some((t) => t.name === e.name);

/** One letter per axis: its own name where that is a letter. */
function lettersFor(axes: readonly string[]): ReadonlyMap<string, string> {
  const letters = new Map(axes.filter((a) => /^[A-Za-z]$/.test(a)).map((a) => [a, a]));
  const free = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((l) => !letters.has(l));
  for (const a of axes) if (!letters.has(a)) letters.set(a, free.shift()!);
  return letters;
}
