/** Traversals and rewrites of statement lists. */
import { freeVars, visit, type Expr, type ReadExpr } from '../expr/expr.ts';
import type { Fragment, Kernel, Stmt } from './kernel.ts';
import { mapMatrixExprs, matrixExprs } from './subgroup-matrix.ts';
import { mapWarpgroupExprs, warpgroupExprs } from './warpgroup.ts';

/** Expressions that a statement evaluates itself, not those of nested bodies. */
export function stmtExprs(s: Stmt): readonly Expr[] {
  switch (s.kind) {
    case 'let':
    case 'var':
    case 'assign':
    case 'shuffle':
    case 'vote':
    case 'some':
      return [s.value];
    case 'broadcast':
      return [s.value, s.lane];
    case 'store':
      return [s.index, s.value];
    case 'stores':
      return [s.index, ...s.values];
    case 'loads':
      return [s.piece];
    case 'word':
      return [s.from];
    case 'words':
      return [s.intoOffset, s.from];
    case 'copy':
      return [s.index, s.from];
    case 'for':
      return [s.from, s.to, s.step];
    case 'if':
      return [s.cond];
    case 'contract':
      return [s.acc.offset, s.a.offset, s.b.offset];
    case 'mma':
      return [s.dOffset, s.aOffset, s.bOffset];
    case 'ldmatrix':
      return [s.intoOffset, s.index];
    case 'warpgroup':
      return warpgroupExprs(s.op);
    case 'matrix':
      return matrixExprs(s.op);
    case 'array':
    case 'barrier':
    case 'commit':
    case 'await':
    case 'comment':
      return [];
  }
}

/** Nested statement lists. */
export function stmtBodies(s: Stmt): readonly (readonly Stmt[])[] {
  if (s.kind === 'for') return [s.body];
  if (s.kind === 'if') return s.else ? [s.then, s.else] : [s.then];
  return [];
}

/** Visits every statement, parents first. */
export function visitStmts(stmts: readonly Stmt[], f: (s: Stmt) => void): void {
  for (const s of stmts) {
    f(s);
    for (const body of stmtBodies(s)) visitStmts(body, f);
  }
}

/** Visits every expression node of every statement. */
export function visitExprs(stmts: readonly Stmt[], f: (e: Expr) => void): void {
  visitStmts(stmts, (s) => stmtExprs(s).forEach((e) => visit(e, f)));
}

/** Calls `f` on each read of an array or buffer; fragments and matrix loads are not reads in this sense. */
export function visitReads(stmts: readonly Stmt[], f: (r: ReadExpr) => void): void {
  visitExprs(stmts, (e) => {
    if (e.kind === 'read') f(e);
  });
}

/** True when a predicate holds for some statement, nested ones included. */
export function someStmt(stmts: readonly Stmt[], f: (s: Stmt) => boolean): boolean {
  return stmts.some((s) => f(s) || stmtBodies(s).some((body) => someStmt(body, f)));
}

/** Rebuilds each statement with its own expressions mapped; nested bodies too. */
export function mapExprs(stmts: readonly Stmt[], f: (e: Expr) => Expr): readonly Stmt[] {
  return stmts.map((s) => mapStmtExprs(s, f, (body) => mapExprs(body, f)));
}

const mapFragment = (g: Fragment, f: (e: Expr) => Expr): Fragment => ({ ...g, offset: f(g.offset) });

/** A statement with its own expressions mapped by `f`, and its nested bodies by `inside`. */
export function mapStmtExprs(
  s: Stmt,
  f: (e: Expr) => Expr,
  inside: (body: readonly Stmt[]) => readonly Stmt[],
): Stmt {
  switch (s.kind) {
    case 'let':
    case 'var':
    case 'assign':
    case 'shuffle':
    case 'vote':
    case 'some':
      return { ...s, value: f(s.value) };
    case 'broadcast':
      return { ...s, value: f(s.value), lane: f(s.lane) };
    case 'stores':
      return { ...s, index: f(s.index), values: s.values.map(f) };
    case 'loads':
      return { ...s, piece: f(s.piece) };
    case 'word':
      return { ...s, from: f(s.from) };
    case 'words':
      return { ...s, intoOffset: f(s.intoOffset), from: f(s.from) };
    case 'copy':
      return { ...s, index: f(s.index), from: f(s.from) };
    case 'store':
      return { ...s, index: f(s.index), value: f(s.value) };
    case 'for':
      return { ...s, from: f(s.from), to: f(s.to), step: f(s.step), body: inside(s.body) };
    case 'if': {
      const [cond, then] = [f(s.cond), inside(s.then)];
      return s.else ? { ...s, cond, then, else: inside(s.else) } : { ...s, cond, then };
    }
    case 'contract':
      return { ...s, acc: mapFragment(s.acc, f), a: mapFragment(s.a, f), b: mapFragment(s.b, f) };
    case 'mma':
      return { ...s, dOffset: f(s.dOffset), aOffset: f(s.aOffset), bOffset: f(s.bOffset) };
    case 'ldmatrix':
      return { ...s, intoOffset: f(s.intoOffset), index: f(s.index) };
    case 'warpgroup':
      return { ...s, op: mapWarpgroupExprs(s.op, f) };
    case 'matrix':
      return { ...s, op: mapMatrixExprs(s.op, f) };
    case 'array':
    case 'barrier':
    case 'commit':
    case 'await':
    case 'comment':
      return s;
  }
}

/** Replaces each statement, innermost first, by a list of statements. */
export function flatMapStmts(stmts: readonly Stmt[], f: (s: Stmt) => readonly Stmt[]): readonly Stmt[] {
  return stmts.flatMap((s) => {
    if (s.kind === 'for') return f({ ...s, body: flatMapStmts(s.body, f) });
    if (s.kind === 'if') {
      const then = flatMapStmts(s.then, f);
      return f(s.else ? { ...s, then, else: flatMapStmts(s.else, f) } : { ...s, then });
    }
    return f(s);
  });
}

/** Names of the `var`s and arrays that statements change, shared arrays and buffers included. */
export function assignedNames(stmts: readonly Stmt[]): ReadonlySet<string> {
  const out = new Set<string>();
  visitStmts(stmts, (s) => {
    if (s.kind === 'assign' || s.kind === 'store' || s.kind === 'stores') out.add(s.name);
    else if (s.kind === 'copy') out.add(s.shared);
    else if (s.kind === 'words') out.add(s.into);
    else if (s.kind === 'contract') out.add(s.acc.array);
    else if (s.kind === 'mma') out.add(s.d);
    else if (s.kind === 'ldmatrix') out.add(s.into);
    else if (s.kind === 'warpgroup' && s.op.op === 'product') out.add(s.op.d);
    else if (s.kind === 'matrix' && s.op.op === 'save') out.add(s.op.array);
  });
  return out;
}

/** Every variable that a kernel mentions, its grid and extents included. */
export function kernelVars(k: Kernel): ReadonlySet<string> {
  const out = freeVars(k.grid);
  for (const b of k.buffers) freeVars(b.elements, out);
  for (const m of k.maps ?? []) for (const e of m.extents) freeVars(e, out);
  visitStmts(k.body, (s) => stmtExprs(s).forEach((e) => freeVars(e, out)));
  return out;
}
