/**
 * Pass `scalarize`: a lane's array whose every index is a constant becomes scalars, which a target keeps in registers
 * whatever it does with arrays.
 */
import { constant, rewrite, variable, type Expr } from '../../expr/expr.ts';
import { assign, varS } from '../build.ts';
import type { Kernel, Stmt } from '../kernel.ts';
import { wholeArrays } from '../warpgroup.ts';
import { flatMapStmts, mapExprs, visitReads, visitStmts } from '../walk.ts';

type ArrayStmt = Extract<Stmt, { kind: 'array' }>;

/** Arrays that are only ever indexed by constants, and all names that are taken. */
function survey(k: Kernel): {
  readonly arrays: ReadonlyMap<string, ArrayStmt>;
  readonly names: ReadonlySet<string>;
} {
  const arrays = new Map<string, ArrayStmt>();
  const names = new Set<string>();
  visitStmts(k.body, (s) => {
    if (s.kind === 'array') arrays.set(s.name, s);
    if ('name' in s) names.add(s.name);
  });
  visitReads(k.body, (r) => {
    if (r.index[0]?.kind !== 'const') arrays.delete(r.name);
  });
  visitStmts(k.body, (s) => {
    if (s.kind === 'store' && s.index.kind !== 'const') arrays.delete(s.name);
    // Statements that take a whole array need one.
    if (s.kind === 'contract') for (const f of [s.acc, s.a, s.b]) arrays.delete(f.array);
    if (s.kind === 'mma') for (const a of [s.d, s.a, s.b]) arrays.delete(a);
    if (s.kind === 'ldmatrix' || s.kind === 'words') arrays.delete(s.into);
    if (s.kind === 'warpgroup') for (const a of wholeArrays(s.op)) arrays.delete(a);
  });
  return { arrays, names };
}

export function scalarize(k: Kernel): Kernel {
  const { arrays, names } = survey(k);
  if (arrays.size === 0) return k;
  const taken = new Set(names);
  const scalars = new Map<string, string>();
  const scalar = (array: string, index: number): string => {
    const id = `${array}[${index}]`;
    let name = scalars.get(id) ?? `${array}_${index}`;
    for (let n = 0; !scalars.has(id) && taken.has(name); n++)
      name = `${array}_at_${index}${n === 0 ? '' : `_${n}`}`;
    taken.add(name);
    scalars.set(id, name);
    return name;
  };
  const element = (e: Expr): Expr => {
    const i = e.kind === 'read' && arrays.has(e.name) ? e.index[0] : undefined;
    return e.kind === 'read' && i?.kind === 'const' ? variable(scalar(e.name, i.value), e.type) : e;
  };
  const replace = (s: Stmt): Stmt[] => {
    if (s.kind === 'array' && arrays.has(s.name))
      return Array.from({ length: s.length }, (_, n) => varS(scalar(s.name, n), constant(s.type, 0)));
    if (s.kind === 'store' && arrays.has(s.name) && s.index.kind === 'const')
      return [assign(scalar(s.name, s.index.value), s.value)];
    return [s];
  };
  return {
    ...k,
    body: flatMapStmts(
      mapExprs(k.body, (e) => rewrite(e, element)),
      replace,
    ),
  };
}
