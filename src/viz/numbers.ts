/** Numbers for a picture: only what the pairs depend on must be known; all else gets a value that changes nothing. */
import { userError } from '../diagnostics/diagnostic.ts';
import { evalConst } from '../expr/evaluate.ts';
import { freeVars, variable, type Expr } from '../expr/expr.ts';
import type { IrKernel } from '../ir/ir.ts';
import { checkRequires, inferSizes, paramValues } from '../ir/sizes.ts';
import { axisNames, namesIn, type Subject } from './subject.ts';

export interface Numbers {
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Those on which the picture depends, for its caption. */
  readonly shown: readonly (readonly [string, number])[];
}

export interface Known {
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  /** Extents of the tensors that are given. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** Values of batch axes. */
  readonly at: Readonly<Record<string, number>>;
}

/** What a head usually has. */
const USUAL_SIZE = 64;

/**
 * @param roots expressions that are evaluated
 * @throws UserError E05xx for sizes and params that are missing or contradict each other
 */
export function numbersFor(kernel: IrKernel, s: Subject, roots: readonly Expr[], known: Known): Numbers {
  const axes = [...s.stage.row, ...s.stage.stream];
  const batch = axisNames(s.stage.batch);
  const needed = namesIn(s.ir, [...roots, ...axes.map((a) => variable(a.name))], batch);
  const given = new Set(Object.keys(known.shapes));
  const tensors = kernel.tensors.filter((t) => given.has(t.name));
  const fromShapes = new Set(tensors.flatMap((t) => t.dims.flatMap((d) => [...freeVars(d.extent)])));
  const settled = (name: string): boolean => known.sizes[name] !== undefined || fromShapes.has(name);
  const missing = kernel.sizes.filter((name) => needed.has(name) && !settled(name));
  if (missing.length > 0)
    throw userError(
      'E0503',
      `the picture of ${kernel.name} needs a value for ${missing.map((x) => `\`${x}\``).join(', ')}`,
      {
        hint: missing.map((name) => `--set ${name}=${USUAL_SIZE}`).join(' '),
      },
    );
  const free = kernel.sizes.filter((name) => !settled(name));
  const stand = new Map(free.map((name) => [name, standIn(kernel, name, known.at)]));
  const sizes = inferSizes({ ...kernel, tensors }, known.shapes, {
    ...known.sizes,
    ...Object.fromEntries(stand),
  });
  const params = paramsFor(kernel, sizes, known.params, needed);
  checkRequires(certain(kernel, new Set(free), known.params), sizes, params);
  checkBatch(s, sizes, known.at);
  // One batch point is drawn, so how many there are says nothing.
  const counts = new Set(s.stage.batch.flatMap((a) => [...freeVars(a.extent)]));
  const names = [...kernel.sizes, ...kernel.params.map((p) => p.name)].filter(
    (n) => needed.has(n) && !counts.has(n),
  );
  return { sizes, params, shown: names.map((n) => [n, sizes[n] ?? params[n]!]) };
}

/** A size that nothing here depends on: large enough for the batch point that is drawn. */
function standIn(kernel: IrKernel, name: string, at: Readonly<Record<string, number>>): number {
  const axis = kernel.axes.find((a) => a.extent.kind === 'var' && a.extent.name === name);
  return (axis ? (at[axis.name] ?? 0) : 0) + 1;
}

/** Params that the picture does not depend on may be left out. */
function paramsFor(
  kernel: IrKernel,
  sizes: Readonly<Record<string, number>>,
  given: Readonly<Record<string, number>>,
  needed: ReadonlySet<string>,
): Record<string, number> {
  const spare = kernel.params.filter((p) => !p.default && given[p.name] === undefined && !needed.has(p.name));
  const missing = kernel.params.find((p) => !p.default && given[p.name] === undefined && needed.has(p.name));
  if (missing)
    throw userError('E0504', `parameter \`${missing.name}\` has no value and no default`, {
      hint: `--param ${missing.name}=…`,
    });
  return paramValues(kernel, sizes, { ...Object.fromEntries(spare.map((p) => [p.name, 0])), ...given });
}

/** The kernel with those requirements only that do not speak of values which stand in for unknown ones. */
function certain(
  kernel: IrKernel,
  unknown: ReadonlySet<string>,
  params: Readonly<Record<string, number>>,
): IrKernel {
  const spare = new Set(
    kernel.params.filter((p) => !p.default && params[p.name] === undefined).map((p) => p.name),
  );
  return {
    ...kernel,
    requires: kernel.requires.filter(
      (r) => ![...freeVars(r.condition)].some((v) => unknown.has(v) || spare.has(v)),
    ),
  };
}

function checkBatch(
  s: Subject,
  sizes: Readonly<Record<string, number>>,
  at: Readonly<Record<string, number>>,
): void {
  const extents = new Map(Object.entries(sizes));
  for (const { name, extent } of s.stage.batch) {
    const n = evalConst(extent, extents);
    const index = at[name] ?? 0;
    if (index >= n && n > 0)
      throw userError('E0740', `axis ${name} has no index ${index}: its extent is ${n}`, {
        hint: `choose one below ${n} with --at ${name}=…`,
      });
  }
}
