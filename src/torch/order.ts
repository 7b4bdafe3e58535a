/** In which order values are computed, and which states need loops: strongly connected parts of what reads what. */
import { mentions, readNames } from '../expr/expr.ts';
import type { IrDef, IrKernel, IrState } from '../ir/ir.ts';

export type Node =
  { readonly kind: 'def'; readonly def: IrDef } | { readonly kind: 'state'; readonly state: IrState };

export const nodeName = (n: Node): string => (n.kind === 'def' ? n.def.name : n.state.name);

export const allNodes = (k: IrKernel): Node[] => [
  ...k.states.map((state): Node => ({ kind: 'state', state })),
  ...k.defs.map((def): Node => ({ kind: 'def', def })),
];

/** A definition by itself, or states with all that their steps need of each other. */
export type Part =
  { readonly kind: 'def'; readonly def: IrDef } | { readonly kind: 'loop'; readonly nodes: readonly Node[] };

/**
 * Parts of `nodes`, each after what it reads. States among `running` are there already: a loop is taking their steps.
 */
export function inOrder(nodes: readonly Node[], running: ReadonlySet<string>): Part[] {
  const byName = new Map<string, Node>();
  for (const n of nodes) {
    byName.set(nodeName(n), n);
    if (n.kind === 'state') byName.set(n.state.final, n);
  }
  const needs = (n: Node): Node[] => {
    const names = n.kind === 'def' ? [...readNames(n.def.value)] : [...readNames(n.state.init), n.state.next];
    return names.flatMap((name) => (running.has(name) ? [] : (byName.get(name) ?? [])));
  };
  return components(nodes, needs).map((part): Part => {
    const [first] = part;
    const alone = part.length === 1 && first!.kind === 'def';
    return alone ? { kind: 'def', def: (first as { def: IrDef }).def } : { kind: 'loop', nodes: part };
  });
}

/** Tarjan's strongly connected components, those that are needed first. */
function components(nodes: readonly Node[], needs: (n: Node) => Node[]): Node[][] {
  const index = new Map<Node, number>();
  const low = new Map<Node, number>();
  const stack: Node[] = [];
  const on = new Set<Node>();
  const out: Node[][] = [];
  const visit = (n: Node): void => {
    index.set(n, index.size);
    low.set(n, index.get(n)!);
    stack.push(n);
    on.add(n);
    for (const m of needs(n)) {
      if (!index.has(m)) visit(m);
      if (on.has(m)) low.set(n, Math.min(low.get(n)!, low.get(m)!));
    }
    if (low.get(n) !== index.get(n)) return;
    const part: Node[] = [];
    for (let m: Node | undefined; m !== n;) {
      m = stack.pop()!;
      on.delete(m);
      part.unshift(m);
    }
    out.push(nodes.filter((m) => part.includes(m)));
  };
  for (const n of nodes) if (!index.has(n)) visit(n);
  return out;
}

/** Whether something outside of `inside` reads this name. */
export const isReadOutside = (k: IrKernel, name: string, inside: readonly Node[]): boolean => {
  const names = new Set(inside.map(nodeName));
  return (
    k.outputs.some((o) => o.def === name) ||
    k.defs.some((d) => !names.has(d.name) && mentions(d.value, name)) ||
    k.states.some((s) => !names.has(s.name) && mentions(s.init, name))
  );
};
