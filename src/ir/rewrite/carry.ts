/** Running sums and running maxima: states along the rows' axis, one for all that would be equal. */
import { f32, key, op, rewrite, variable, type Expr, type ReadExpr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrDef, IrState } from '../ir.ts';
import { free, type Draft } from './draft.ts';

/** What a running maximum starts from: finite, and far enough from its ends that differences stay finite. */
export const SENTINEL = -1e30;

/** A state and the definition that it takes a step by. */
export interface Carried {
  readonly state: IrState;
  readonly next: IrDef;
}
/** How a state is carried: along the rows, from the first or from the last one. */
export interface Course {
  readonly axis: string;
  readonly reverse: boolean;
}

export class Carries {
  private readonly known = new Map<string, Carried>();
  private readonly maxima = new Map<string, Carried>();

  constructor(private readonly draft: Draft) {}

  /** S ← factor · S + added, from 0. */
  sum(base: string, course: Course, factor: Expr | undefined, added: Expr): Carried {
    const step = (before: Expr): Expr => op('add', factor ? op('mul', factor, before) : before, added);
    return this.carry(`${base}.S`, course, f32(0), step, [...(factor ? [factor] : []), added]);
  }

  /** m ← max(m + shift, leaf), from a number below all; of minima the mirror image. */
  extreme(base: string, o: 'max' | 'min', course: Course, shift: Expr | undefined, leaf: Expr): Carried {
    const step = (before: Expr): Expr => op(o, shift ? op('add', before, shift) : before, leaf);
    const from = f32(o === 'max' ? SENTINEL : -SENTINEL);
    const made = this.carry(`${base}.m`, course, from, step, [...(shift ? [shift] : []), leaf]);
    if (o === 'max') {
      this.maxima.set(made.state.name, made);
      this.maxima.set(made.next.name, made);
    }
    return made;
  }

  /** The running maximum that is read, before or after its step. */
  maximum(e: ReadExpr): Carried | undefined {
    return this.maxima.get(e.name);
  }

  /** The same expression over the maxima before or after the step. */
  at(e: Expr, when: 'before' | 'after'): Expr {
    return rewrite(e, (x) => {
      const found = x.kind === 'read' ? this.maxima.get(x.name) : undefined;
      if (!found || x.kind !== 'read') return x;
      return { ...x, name: when === 'before' ? found.state.name : found.next.name };
    });
  }

  private carry(
    base: string,
    { axis, reverse }: Course,
    init: Expr,
    step: (before: Expr) => Expr,
    parts: readonly Expr[],
  ): Carried {
    const names = new Set<string>([axis]);
    for (const e of parts) for (const v of free(e)) names.add(v);
    const indices = this.draft.ordered(names);
    const shape = { indices, type: 'f32' } as const;
    const place = (name: string): Expr => this.draft.readOf({ ...shape, name });
    const identity = `${axis} ${reverse} ${key(init)} ${key(step(variable('', 'f32')))}`;
    const before = this.known.get(identity);
    if (before) return before;
    const name = this.draft.fresh(base);
    const next: IrDef = {
      ...shape,
      name: this.draft.fresh(`${name}.1`),
      role: 'let',
      value: simplify(step(place(name))),
    };
    const final = this.draft.fresh(`${name}.last`);
    const state: IrState = { ...shape, name, axis, reverse, init, next: next.name, final };
    this.draft.states.push(state);
    this.draft.add(next);
    const made = { state, next };
    this.known.set(identity, made);
    return made;
  }
}
