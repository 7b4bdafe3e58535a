/** Other names for what a kernel declares: buffers, maps, shared arrays, and the variables and arrays of its body. */
import { rewrite, type Expr } from '../expr/expr.ts';
import type { Fragment, Kernel, Stmt } from './kernel.ts';
import { renameMatrixOp } from './subgroup-matrix.ts';
import { mapStmtExprs } from './walk.ts';
import { renameWarpgroupOp } from './warpgroup.ts';

/** From a name to the one that takes its place. Sizes, params and predeclared variables must map to themselves. */
export type Renaming = (name: string) => string;

export const renameExpr = (e: Expr, to: Renaming): Expr =>
  rewrite(e, (x) => (x.kind === 'var' || x.kind === 'read' ? { ...x, name: to(x.name) } : x));

/** Names are asked for in the order in which the text has them: statement by statement, those inside of one after its own. */
export function renameStmts(stmts: readonly Stmt[], to: Renaming): readonly Stmt[] {
  return stmts.map((s) =>
    renameOwn(
      mapStmtExprs(
        s,
        (e) => renameExpr(e, to),
        (body) => renameStmts(body, to),
      ),
      to,
    ),
  );
}

const fragment = (f: Fragment, to: Renaming): Fragment => ({ ...f, array: to(f.array) });

/** The names that a statement has beside those in its expressions. */
function renameOwn(s: Stmt, to: Renaming): Stmt {
  switch (s.kind) {
    case 'let':
    case 'var':
    case 'assign':
    case 'array':
    case 'store':
    case 'for':
    case 'shuffle':
    case 'broadcast':
    case 'vote':
    case 'some':
    case 'stores':
      return { ...s, name: to(s.name) };
    case 'contract':
      return { ...s, acc: fragment(s.acc, to), a: fragment(s.a, to), b: fragment(s.b, to) };
    case 'mma':
      return { ...s, d: to(s.d), a: to(s.a), b: to(s.b) };
    case 'ldmatrix':
      return { ...s, into: to(s.into), shared: to(s.shared) };
    case 'loads':
      return { ...s, names: s.names.map(to), array: to(s.array) };
    case 'word':
      return { ...s, name: to(s.name), buffer: to(s.buffer) };
    case 'words':
      return { ...s, into: to(s.into), buffer: to(s.buffer) };
    case 'copy':
      return { ...s, shared: to(s.shared), buffer: to(s.buffer) };
    case 'warpgroup':
      return { ...s, op: renameWarpgroupOp(s.op, to) };
    case 'matrix':
      return { ...s, op: renameMatrixOp(s.op, to) };
    case 'if':
    case 'barrier':
    case 'commit':
    case 'await':
    case 'comment':
      return s;
  }
}

/** A kernel with other names; its body is renamed first. */
export function renameKernel(k: Kernel, to: Renaming): Kernel {
  const body = renameStmts(k.body, to);
  return {
    ...k,
    body,
    buffers: k.buffers.map((b) => ({ ...b, name: to(b.name) })),
    shared: k.shared.map((s) => ({ ...s, name: to(s.name) })),
    ...(k.maps ? { maps: k.maps.map((m) => ({ ...m, name: to(m.name), tensor: to(m.tensor) })) } : {}),
  };
}

/** Names that the statements of a kernel declare. */
export function declaredNames(stmts: readonly Stmt[], out = new Set<string>()): Set<string> {
  for (const s of stmts) {
    switch (s.kind) {
      case 'let':
      case 'var':
      case 'array':
      case 'shuffle':
      case 'broadcast':
      case 'vote':
      case 'some':
      case 'word':
        out.add(s.name);
        break;
      case 'loads':
        s.names.forEach((n) => out.add(n));
        break;
      case 'for':
        out.add(s.name);
        declaredNames(s.body, out);
        break;
      case 'if':
        declaredNames(s.then, out);
        if (s.else) declaredNames(s.else, out);
        break;
      case 'matrix':
        if (s.op.op === 'zero' || s.op.op === 'load') out.add(s.op.name);
        break;
      default:
        break;
    }
  }
  return out;
}
