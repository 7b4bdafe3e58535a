/** Visiting the surface tree. */
import type { AxisBinding, FnDecl, Item, KernelDecl, SourceFile, SurfaceExpr } from './ast.ts';

/** Direct parts of an expression, in the order in which they are written. */
export function exprChildren(e: SurfaceExpr): readonly SurfaceExpr[] {
  switch (e.kind) {
    case 'number':
    case 'bool':
    case 'name':
    case 'error':
      return [];
    case 'index':
      return [e.target, ...e.args.map((a) => a.value)];
    case 'call':
      return [...(e.axes ?? []).flatMap(bindingExprs), ...e.args];
    case 'unary':
      return [e.arg];
    case 'binary':
      return [e.left, e.right];
    case 'if':
      return [e.cond, e.then, e.else];
    case 'paren':
      return [e.inner];
  }
}

function bindingExprs(b: AxisBinding): SurfaceExpr[] {
  return [...(b.from ? [b.from] : []), ...(b.to ? [b.to] : [])];
}

/** Calls `visit` on every node, parents first, without recursion; its answer `false` skips the parts of a node. */
export function walkExpr(root: SurfaceExpr, visit: (e: SurfaceExpr, depth: number) => boolean | void): void {
  const stack: { readonly e: SurfaceExpr; readonly depth: number }[] = [{ e: root, depth: 1 }];
  for (let top = stack.pop(); top; top = stack.pop()) {
    if (visit(top.e, top.depth) === false) continue;
    const parts = exprChildren(top.e);
    for (let n = parts.length - 1; n >= 0; n--) stack.push({ e: parts[n]!, depth: top.depth + 1 });
  }
}

/** The expressions that an item holds, in the order in which they are written. */
export function itemExprs(item: Item): readonly SurfaceExpr[] {
  switch (item.kind) {
    case 'axes':
      return item.axes.flatMap((a) => [a.extent, ...(a.derived ? [a.derived] : [])]);
    case 'in':
      return [...item.type.dims, ...(item.default ? [item.default] : [])];
    case 'param':
    case 'const':
      return item.default ? [item.default] : [];
    case 'require':
      return [item.condition];
    case 'mask':
    case 'def':
      return [item.value];
    case 'out':
      return [...(item.type?.dims ?? []), ...(item.value ? [item.value] : [])];
    case 'state':
      return [...item.type.dims, ...(item.initial ? [item.initial] : [])];
    case 'recurrence':
      return [...(item.rounds ? [item.rounds] : []), ...item.steps.map((s) => s.value)];
  }
}

/** The expressions of a function: those of its lets, then its value. */
export function fnExprs(fn: FnDecl): readonly SurfaceExpr[] {
  return [...fn.lets.map((l) => l.value), fn.result];
}

/** Declarations of a file in the order in which they are written. */
export function declarations(
  file: SourceFile,
): readonly (SourceFile['imports'][number] | FnDecl | KernelDecl)[] {
  return [...file.imports, ...file.fns, ...file.kernels].sort((a, b) => a.span.start - b.span.start);
}

/** Every outermost expression of a file. */
export function fileExprs(file: SourceFile): readonly SurfaceExpr[] {
  return [...file.fns.flatMap(fnExprs), ...file.kernels.flatMap((k) => k.items.flatMap(itemExprs))];
}
