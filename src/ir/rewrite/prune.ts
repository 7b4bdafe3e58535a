/** What no output needs goes; what is read at other positions than its own is kept in memory. */
import { readNames, visit, type Expr } from '../../expr/expr.ts';
import { stateOf, type IrDef, type IrKernel, type IrState } from '../ir.ts';
import { free } from './draft.ts';

/** @param more axes that are kept even where nothing mentions them */
export function pruned(k: IrKernel, more: ReadonlySet<string>): IrKernel {
  const defs = new Map(k.defs.map((d) => [d.name, d]));
  const needed = new Set<string>();
  const needs = (name: string): void => {
    const state = stateOf(k, name);
    if (needed.has(state?.name ?? name)) return;
    needed.add(state?.name ?? name);
    if (state) {
      readNames(state.init).forEach(needs);
      needs(state.next);
    }
    const def = defs.get(name);
    if (def) readNames(def.value).forEach(needs);
  };
  for (const o of k.outputs) needs(o.def);
  const kept = {
    ...k,
    states: k.states.filter((s) => needed.has(s.name)),
    defs: k.defs.filter((d) => needed.has(d.name)),
  };
  const used = axesUsed(kept);
  return { ...kept, axes: k.axes.filter((a) => more.has(a.name) || used.has(a.name)) };
}

function axesUsed(k: IrKernel): ReadonlySet<string> {
  const used = new Set([...k.defs, ...k.states].flatMap((d) => d.indices));
  for (const e of expressions(k)) {
    for (const v of free(e)) used.add(v);
    visit(e, (x) => {
      if (x.kind === 'reduce') x.axes.forEach((a) => used.add(a));
    });
  }
  return used;
}

const expressions = (k: IrKernel): readonly Expr[] => [
  ...k.states.map((s) => s.init),
  ...k.defs.map((d) => d.value),
];

/**
 * Marks definitions that rest on a state at their own position and are read at another one: they cannot be computed where
 * they are read.
 */
export function storedWhereMoved(k: IrKernel): IrKernel {
  const states = new Map(k.states.map((s): [string, IrState] => [s.name, s]));
  const running = new Map<string, ReadonlySet<string>>();
  const stored = new Set<string>();
  const defs = new Map(k.defs.map((d): [string, IrDef] => [d.name, d]));
  const look = (e: Expr, found: Set<string>): void =>
    visit(e, (x) => {
      if (x.kind !== 'read') return;
      const state = states.get(x.name);
      if (state) found.add(state.axis);
      const def = defs.get(x.name);
      if (!def || def.stored) return;
      for (const axis of running.get(def.name) ?? []) {
        const at = x.index[def.indices.indexOf(axis)]!;
        if (at.kind === 'var' && at.name === axis) found.add(axis);
        else stored.add(def.name);
      }
    });
  for (const d of k.defs) {
    const found = new Set<string>();
    look(d.value, found);
    running.set(d.name, new Set([...found].filter((a) => d.indices.includes(a))));
  }
  for (const s of k.states) look(s.init, new Set());
  if (stored.size === 0) return k;
  return { ...k, defs: k.defs.map((d) => (stored.has(d.name) ? { ...d, stored: true as const } : d)) };
}
