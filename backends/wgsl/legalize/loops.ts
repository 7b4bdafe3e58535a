/** WGSL evaluates a loop's bound before each turn; the IR once. Bounds that cost or can change move in front. */
import { children, variable, type Expr } from '../../../src/expr/expr.ts';
import type { Kernel, Stmt } from '../../../src/kernel/kernel.ts';
import { flatMapStmts, kernelVars, visitStmts } from '../../../src/kernel/walk.ts';

export function hoistLoopBounds(k: Kernel): Kernel {
  const taken = new Set(kernelVars(k));
  const changing = new Set<string>();
  visitStmts(k.body, (s) => {
    if ('name' in s) taken.add(s.name);
    if (s.kind === 'assign') changing.add(s.name);
  });
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}${n}`;
    taken.add(name);
    return name;
  };
  const body = flatMapStmts(k.body, (s) => {
    if (s.kind !== 'for') return [s];
    const lets: Stmt[] = [];
    const move = (e: Expr, suffix: string): Expr => {
      if (isCheap(e, changing)) return e;
      const name = fresh(`${s.name}_${suffix}`);
      lets.push({ kind: 'let', name, value: e });
      return variable(name);
    };
    const to = move(s.to, 'end');
    const step = move(s.step, 'step');
    return [...lets, { ...s, to, step }];
  });
  return { ...k, body };
}

/** A constant, a variable that never changes, or one sum of two of those. */
function isCheap(e: Expr, changing: ReadonlySet<string>, depth = 0): boolean {
  if (e.kind === 'const') return true;
  if (e.kind === 'var') return !changing.has(e.name);
  if (e.kind !== 'op' || depth > 0) return false;
  return (e.op === 'add' || e.op === 'sub') && children(e).every((c) => isCheap(c, changing, depth + 1));
}
