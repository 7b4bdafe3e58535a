/** What a kernel does with a state: which of its axes sums read over, and with what they multiply it. */
import { children, freeVars, visit, type Expr, type ReduceExpr } from '../../expr/expr.ts';
import type { IrKernel, IrState } from '../ir.ts';
import { Definitions } from './definitions.ts';
import { LinearForms } from './terms.ts';

/** sum[over](coefficient · S), in a definition. */
export interface SumRead {
  /** The definition that holds the sum, or a state whose initial value does. */
  readonly def: string;
  /** What is read: the state, a definition that updates it, or its last value. */
  readonly name: string;
  /** The state's axes that the sum is over. */
  readonly over: readonly string[];
  readonly coefficient: Expr;
  /** Which of the state's axes a variable of the coefficient stands for. */
  readonly as: ReadonlyMap<string, string>;
}

/** Names under which a state is read, with the axes that their indices stand for. */
export type Versions = ReadonlyMap<string, readonly string[]>;

/**
 * The state and the definitions of its step that update it: those over its axes that a multiple of it is part of. Its last
 * value is one too.
 */
export function versions(k: IrKernel, s: IrState): Versions {
  const definitions = new Definitions(k);
  const forms = new LinearForms(definitions, new Set([s.name]));
  const next = definitions.get(s.next)!;
  const out = new Map<string, readonly string[]>([[s.name, s.indices]]);
  const own = (e: Expr, n: number): boolean => e.kind === 'var' && e.name === s.indices[n];
  const step = definitions.cone(next.value, new Set([s.next]));
  for (const d of k.defs) {
    if (
      !step.has(d.name) ||
      d.indices.length !== s.indices.length ||
      !s.indices.every((a) => d.indices.includes(a))
    )
      continue;
    const found = forms.of(d.value);
    const updates =
      found.kind === 'terms' && found.terms.some((t) => t.axes.length === 0 && t.index.every(own));
    if (updates || d.name === s.next) out.set(d.name, d.indices);
  }
  return out.set(
    s.final,
    s.indices.filter((a) => a !== s.axis),
  );
}

/** Every sum over a state's axes that is linear in it, in its own step and anywhere else. */
export function sumReads(k: IrKernel, s: IrState): readonly SumRead[] {
  const names = versions(k, s);
  const forms = new LinearForms(new Definitions(k), new Set(names.keys()));
  const out: SumRead[] = [];
  const add = (def: string, sum: ReduceExpr): void => {
    const found = forms.of(sum.body);
    if (found.kind !== 'terms') return;
    for (const t of found.terms) {
      const indices = names.get(t.state)!;
      const at = (x: Expr): boolean => [...freeVars(x)].some((v) => sum.axes.includes(v));
      const over = indices.filter((_, n) => at(t.index[n]!));
      // A sum further in is a read of its own.
      if (t.axes.length > 0 || over.length === 0) continue;
      const as = new Map(
        t.index.flatMap((x, n) => (x.kind === 'var' ? [[x.name, indices[n]!] as const] : [])),
      );
      out.push({ def, name: t.state, over, coefficient: t.factor, as });
    }
  };
  const search = (def: string, e: Expr): void =>
    visit(e, (x) => {
      if (x.kind === 'reduce' && (x.op === 'sum' || x.op === 'mean') && forms.depends(x.body)) add(def, x);
    });
  for (const d of k.defs) search(d.name, d.value);
  for (const x of k.states) search(x.name, x.init);
  return out;
}

/** The state's axes that some sum reads over, in the order of its indices. */
export function contracted(k: IrKernel, s: IrState): readonly string[] {
  const over = new Set(sumReads(k, s).flatMap((r) => r.over));
  return s.indices.filter((a) => over.has(a));
}

/** When a step's readers see the state: before the step, between its assignments, after it, or only after the last. */
export type ReadTime = 'before' | 'between' | 'after' | 'last';

/** Who reads a state outside of the steps of the states that it is carried with, and outputs. */
export function readTimes(k: IrKernel, s: IrState, together: readonly IrState[] = [s]): readonly ReadTime[] {
  const definitions = new Definitions(k);
  const steps = new Set(together.map((x) => x.next));
  for (const x of together) definitions.cone(definitions.get(x.next)!.value, steps);
  const names = versions(k, s);
  const times = new Set<ReadTime>();
  // Another name for a value is not another value.
  const behind = (name: string): string => {
    const value = definitions.get(name)?.value;
    return value?.kind === 'read' && names.has(value.name) ? behind(value.name) : name;
  };
  const after = behind(s.next);
  const add = (name: string): void => {
    if (behind(name) === s.name) times.add('before');
    else if (name === s.next || behind(name) === after) times.add('after');
    else if (name === s.final) times.add('last');
    else if (names.has(name)) times.add('between');
  };
  const search = (e: Expr): void => {
    if (e.kind === 'read') add(e.name);
    children(e).forEach(search);
  };
  for (const d of k.defs) if (!steps.has(d.name)) search(d.value);
  for (const x of k.states) search(x.init);
  for (const o of k.outputs) add(o.def);
  return (['before', 'between', 'after', 'last'] as const).filter((t) => times.has(t));
}
