/**
 * Sizes from shapes: each dimension of a tensor is an equation `extent = number`. An extent that is affine in one unknown
 * size determines it; the others are checked once their sizes are known.
 */
import { userError, type Span } from '../diagnostics/diagnostic.ts';
import { evalConst, evaluate } from '../expr/evaluate.ts';
import { freeVars, type Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import type { IrDim, IrSignature } from './ir.ts';

export type Sizes = Readonly<Record<string, number>>;

/** Indices and element counts are 32-bit. */
const MAX_ELEMENTS = 2 ** 31;

interface Equation {
  readonly tensor: string;
  readonly position: number;
  readonly dim: IrDim;
  readonly actual: number;
}

const nameOf = (q: Equation): string =>
  q.dim.axis === undefined
    ? `dimension ${q.position + 1} of \`${q.tensor}\``
    : `axis \`${q.dim.axis}\` of \`${q.tensor}\``;

/** Solves `e(x) = value` for an `e` that is affine in `x`; undefined when it is not affine or no integer solves it. */
function solve(e: Expr, x: string, value: number, known: ReadonlyMap<string, number>): number | undefined {
  const at = (n: number): number => evaluate(e, new Map([...known, [x, n]]));
  const offset = at(0);
  const slope = at(1) - offset;
  // Affine functions are told from others (`N / 16`, `N % 3`, `N * N`) by more points.
  for (const n of [2, 3, 7, 64, 1001]) if (at(n) !== offset + slope * n) return undefined;
  if (slope === 0) return undefined;
  const solution = (value - offset) / slope;
  return Number.isInteger(solution) ? solution : undefined;
}

function equations(k: IrSignature, shapes: Readonly<Record<string, readonly number[]>>): Equation[] {
  const all: Equation[] = [];
  for (const t of k.tensors) {
    const shape = shapes[t.name];
    if (!shape) {
      if (t.optional) continue;
      throw userError('E0505', `input \`${t.name}\` is missing`);
    }
    if (shape.length !== t.dims.length)
      throw userError(
        'E0501',
        `\`${t.name}\` has ${shape.length} dimensions, the kernel declares ${t.dims.length}: [${t.dims
          .map((d) => d.axis ?? printExpr(d.extent))
          .join(', ')}]`,
      );
    t.dims.forEach((dim, position) => all.push({ tensor: t.name, position, dim, actual: shape[position]! }));
  }
  return all;
}

function checkEquation(
  q: Equation,
  known: ReadonlyMap<string, number>,
  source: ReadonlyMap<string, Equation>,
): void {
  const expected = evalConst(q.dim.extent, known);
  if (expected === q.actual) return;
  const text = printExpr(q.dim.extent);
  const because = [...freeVars(q.dim.extent)].flatMap((s) => {
    const from = source.get(s);
    return from ? [`\`${s}\` is ${known.get(s)} from ${nameOf(from)}`] : [];
  });
  throw userError('E0502', `${nameOf(q)} has extent ${q.actual}, but \`${text}\` is ${expected}`, {
    ...(because.length > 0 ? { hint: because.join('; ') } : {}),
  });
}

/**
 * Finds every size symbol from the shapes of the tensors, and checks all dimensions and extents.
 * @param shapes extents by tensor, outermost first; optional tensors may be missing
 * @param given sizes that are known beforehand; they take part in the checks
 * @throws UserError naming tensor, dimension and both extents when shapes disagree, or the size that nothing fixes
 */
export function inferSizes(
  k: IrSignature,
  shapes: Readonly<Record<string, readonly number[]>>,
  given: Sizes = {},
): Record<string, number> {
  const all = equations(k, shapes);
  const known = new Map(Object.entries(given).filter(([name]) => k.sizes.includes(name)));
  const source = new Map<string, Equation>();
  let pending = all;
  for (let progress = true; progress;) {
    progress = false;
    const rest: Equation[] = [];
    for (const q of pending) {
      const unknown = [...freeVars(q.dim.extent)].filter((s) => !known.has(s));
      const solution = unknown.length === 1 ? solve(q.dim.extent, unknown[0]!, q.actual, known) : undefined;
      if (unknown.length === 0) continue;
      if (solution === undefined || solution < 0) {
        rest.push(q);
        continue;
      }
      known.set(unknown[0]!, solution);
      source.set(unknown[0]!, q);
      progress = true;
    }
    pending = rest;
  }
  for (const q of all) {
    const unknown = [...freeVars(q.dim.extent)].filter((s) => !known.has(s));
    if (unknown.length === 0) checkEquation(q, known, source);
    else if (unknown.length === 1 && solveFails(q, unknown[0]!, known))
      throw userError(
        'E0502',
        `${nameOf(q)} has extent ${q.actual}, which \`${printExpr(q.dim.extent)}\` cannot be for any \`${unknown[0]!}\``,
      );
  }
  const missing = k.sizes.find((s) => !known.has(s));
  if (missing !== undefined)
    throw userError('E0503', `no input fixes the size \`${missing}\``, {
      hint: 'give the value of the size explicitly',
    });
  const sizes = Object.fromEntries(k.sizes.map((s) => [s, known.get(s)!]));
  checkExtents(k, sizes);
  return sizes;
}

/** True for an affine extent without a solution (others may still be fixed by hand). */
function solveFails(q: Equation, x: string, known: ReadonlyMap<string, number>): boolean {
  const at = (n: number): number => evaluate(q.dim.extent, new Map([...known, [x, n]]));
  const slope = at(1) - at(0);
  return slope !== 0 && [2, 3, 7, 64, 1001].every((n) => at(n) === at(0) + slope * n);
}

function count(what: string, extents: readonly number[], span?: Span): void {
  let product = 1;
  for (const n of extents) product *= n;
  if (product < MAX_ELEMENTS) return;
  throw userError(
    'E0507',
    `${what} has ${extents.join(' × ')} = ${product} elements; the limit is 2^31 − 1`,
    {
      ...(span ? { span } : {}),
    },
  );
}

/**
 * Checks that sizes and extents are not negative and that every tensor and output has less than 2^31 elements.
 * @param sizes every size symbol
 */
export function checkExtents(k: IrSignature, sizes: Sizes): void {
  const known = new Map(Object.entries(sizes));
  for (const s of k.sizes) {
    const value = known.get(s);
    if (value === undefined || !Number.isInteger(value) || value < 0 || value >= MAX_ELEMENTS)
      throw userError('E0508', `size \`${s}\` is ${value}; it must be an integer from 0 to 2^31 − 1`);
  }
  const extents = new Map<string, number>();
  for (const a of k.axes) {
    const n = evalConst(a.extent, known);
    if (n < 0)
      throw userError('E0508', `the extent \`${printExpr(a.extent)}\` of axis \`${a.name}\` is ${n}`, {
        ...(a.span ? { span: a.span } : {}),
      });
    extents.set(a.name, n);
  }
  for (const t of k.tensors) {
    const shape = t.dims.map((d) => evalConst(d.extent, known));
    if (shape.some((n) => n < 0))
      throw userError('E0508', `\`${t.name}\` has a negative extent: [${shape.join(', ')}]`);
    count(`\`${t.name}\``, shape, t.span);
  }
  for (const o of k.outputs)
    count(
      `output \`${o.name}\``,
      o.indices.map((a) => extents.get(a)!),
      o.span,
    );
}

/**
 * Values of all params: those given, or their defaults.
 * @throws UserError when one without a default is missing, or a value does not fit its type
 */
export function paramValues(k: IrSignature, sizes: Sizes, given: Sizes): Record<string, number> {
  const known = new Map(Object.entries(sizes));
  const values: Record<string, number> = {};
  for (const p of k.params) {
    const value = given[p.name] ?? (p.default ? evalConst(p.default, known) : undefined);
    if (value === undefined) throw userError('E0504', `parameter \`${p.name}\` has no value and no default`);
    const [least, greatest] =
      p.type === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : p.type === 'u32' ? [0, 2 ** 32 - 1] : [0, 1];
    if (p.type !== 'f32' && (!Number.isInteger(value) || value < least! || value > greatest!))
      throw userError('E0509', `parameter \`${p.name}\` is ${value}, which is not a value of ${p.type}`);
    values[p.name] = value;
    known.set(p.name, value);
  }
  return values;
}

/**
 * Checks every `require` on actual sizes and params.
 * @throws UserError showing the condition and the values of the names in it
 */
export function checkRequires(k: IrSignature, sizes: Sizes, params: Sizes): void {
  const known = new Map([...Object.entries(sizes), ...Object.entries(params)]);
  for (const r of k.requires) {
    if (evaluate(r.condition, known) !== 0) continue;
    const shown = [...freeVars(r.condition)].sort().map((n) => `${n} = ${known.get(n)}`);
    const values = shown.length > 0 ? ` (${shown.join(', ')})` : '';
    throw userError('E0510', `the requirement \`${r.text}\` does not hold${values}`, {
      ...(r.span ? { span: r.span } : {}),
    });
  }
}

/**
 * Whether every `require` over numbers that are known holds; others may still. Says nothing of why, and is cheap: for those who
 * look for numbers.
 */
export function requirementsHold(k: Pick<IrSignature, 'requires'>, numbers: Sizes): boolean {
  const known = new Map(Object.entries(numbers));
  return k.requires.every(
    ({ condition }) =>
      ![...freeVars(condition)].every((name) => known.has(name)) || evaluate(condition, known) !== 0,
  );
}

/** Extents of all axes for these sizes, by name; they are not checked. */
export const axisExtents = (
  k: Pick<IrSignature, 'axes'>,
  known: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> => new Map(k.axes.map((a) => [a.name, evalConst(a.extent, known)]));
