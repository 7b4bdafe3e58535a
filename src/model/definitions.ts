/** Mask lines and definitions, each elaborated where it is first needed. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import type { Name, SurfaceExpr } from '../syntax/ast.ts';
import { freeAxes, resolveDerived } from './axes.ts';
import { elaborate } from './elaborate.ts';
import type { ModelDef, ModelMask } from './model.ts';
import { axisOf, withAxis, type Carried } from './states.ts';
import { definitionCycle } from './rules/cycle.ts';
import { missingIndices } from './rules/index-set.ts';
import { aggregateWithoutReduction } from './rules/reductions.ts';
import { indicesOfState, valueWithoutAxis } from './rules/states.ts';
import { maskNotBool, wrongDefault } from './rules/types.ts';
import { docOf, type Definition, type ItemOf, type KernelState } from './state.ts';
import { promote, type Value } from './typing.ts';
import { namesIn } from './uses.ts';

/** What is being elaborated; `complain` says what is wrong when that is wanted on the way to itself. */
export interface Busy {
  readonly name: string;
  readonly shown: string;
  readonly complain?: (span: Span) => Diagnostic;
  /** It is what a state starts from, which is the better explanation. */
  readonly initial?: true;
}

export class Definitions {
  private readonly byName = new Map<string, ModelDef>();
  private readonly done = new Set<string>();
  private readonly busy: Busy[] = [];
  private readonly masks: (ModelMask | undefined)[] = [];
  private readonly maskItems: readonly ItemOf<'mask'>[];
  /** A definition that mask line n reads sees only the lines before n. */
  private readonly maskLimit = new Map<string, number>();

  constructor(private readonly state: KernelState) {
    this.maskItems = state.decl.items.filter((i) => i.kind === 'mask');
    this.maskItems.forEach((m, n) => this.limitMasks(m.value, n));
  }

  /** Everything that a mask line reads, directly or through definitions, is computed without that line. */
  private limitMasks(e: SurfaceExpr, n: number): void {
    for (const name of namesIn(e)) {
      const d = this.state.declared.get(name);
      const all = d?.kind === 'definition' ? [d] : (this.state.carried.get(name)?.versions ?? []);
      for (const { name: own, value } of all) {
        if ((this.maskLimit.get(own.text) ?? Infinity) <= n) continue;
        this.maskLimit.set(own.text, n);
        this.limitMasks(value, n);
      }
    }
  }

  /** Elaborates what has not been needed yet, as it is written: long chains need no deep recursion then. */
  checkAll(): void {
    this.maskItems.forEach((_, n) => this.mask(n));
    const { declared, carried } = this.state;
    const all = [...declared.values()].filter((d) => d.kind === 'definition');
    for (const c of carried.values()) all.push(...c.versions);
    all.sort((a, b) => a.name.span.start - b.name.span.start).forEach((d) => this.define(d));
  }

  allMasks(): ModelMask[] {
    return this.masksBefore(Infinity);
  }

  private masksBefore(limit: number): ModelMask[] {
    const count = Math.min(limit, this.maskItems.length);
    return Array.from({ length: count }, (_, n) => this.mask(n)).filter((m) => m !== undefined);
  }

  private mask(n: number): ModelMask | undefined {
    if (n in this.masks) return this.masks[n];
    // Until it is known the line removes nothing; only a cycle, which is an error, could ask for it.
    this.masks[n] = undefined;
    const { value } = this.maskItems[n]!;
    const s = this.state;
    s.within(
      () => true,
      () => {
        const v = elaborate(value, s.context(`mask${n + 1}`, {}, { masks: this.masksBefore(n) }));
        if (!v) return;
        if (v.expr.type !== 'bool') return s.report(maskNotBool(v.expr.type, value.span));
        const scope = new Set(freeAxes(v.expr, s.axes));
        const condition = resolveDerived(v.expr, scope, new Set(), s.axes);
        this.masks[n] = { condition, axes: freeAxes(condition, s.axes), span: value.span };
      },
    );
    return this.masks[n];
  }

  /**
   * Elaborates a definition where it is first read.
   * @param from the name that reads it
   * @param complain what to say when it is wanted on the way to itself, instead of the error of equations
   */
  define(d: Definition, from: Name = d.name, complain?: Busy['complain']): ModelDef | undefined {
    const { text } = d.name;
    if (this.done.has(text)) return this.byName.get(text);
    const entry = { name: text, shown: d.item.name.text, ...(complain ? { complain } : {}) };
    const def = this.during(entry, from, () => this.make(d));
    if (def) this.byName.set(text, def);
    return def;
  }

  /** Elaborates one thing; a cycle that leads back to it is reported where `from` closes it. */
  during<T>(entry: Busy, from: Name, work: () => T | undefined): T | undefined {
    const at = this.busy.findIndex((b) => b.name === entry.name);
    if (at >= 0) {
      const path = this.busy.slice(at);
      const known = [...path.slice(1), entry].filter((b) => b.complain);
      const complain = (known.find((b) => b.initial) ?? known[0])?.complain;
      const equations = (): Diagnostic =>
        definitionCycle(
          from,
          path.map((b) => b.shown),
        );
      this.state.report(complain ? complain(from.span) : equations());
      return undefined;
    }
    this.busy.push(entry);
    const result = work();
    this.busy.pop();
    this.done.add(entry.name);
    return result;
  }

  private make(d: Definition): ModelDef | undefined {
    const { text } = d.name;
    const { item } = d;
    const { text: shown, span } = item.name;
    const s = this.state;
    const masks = this.masksBefore(this.maskLimit.get(text) ?? Infinity);
    const indices = this.indicesOf(d);
    if (!indices) return undefined;
    const scope = new Set(indices);
    const seen = d.step ? { step: d.step } : {};
    const carried = this.stateOf(d);
    const block = d.step?.block.axis.span;
    const own = { ...(block ? { block } : {}), ...(carried ? { assigns: carried.item.name.text } : {}) };
    const made = s.within(
      (x: ModelDef | undefined) => x !== undefined,
      (): ModelDef | undefined => {
        const v = elaborate(d.value, s.context(text, seen, { indices: scope, masks }));
        if (!v) return undefined;
        const plain = carried ? this.converted(d, carried, v) : v.expr;
        if (!plain) return undefined;
        const value = resolveDerived(plain, scope, scope, s.axes);
        const missing = freeAxes(value, s.axes).filter((a) => !scope.has(a));
        if (missing.length > 0) {
          s.report(missingIndices(shown, missing, carried?.dims ?? indices, span, placeOf(d)));
          return undefined;
        }
        const role = item.kind === 'out' ? 'out' : (item.role ?? 'let');
        const type = plain.type;
        return { name: text, role, indices, type, value, span, written: !carried, ...own, ...docOf(item) };
      },
      block,
    );
    if (!made) return undefined;
    s.defs.push(made);
    if (made.role === 'aggregate' && !hasReduction(made.value))
      s.report(aggregateWithoutReduction(shown, span));
    return made;
  }

  private stateOf(d: Definition): Carried | undefined {
    return d.assigns === undefined ? undefined : this.state.carried.get(d.assigns);
  }

  /** The value in the type of the state that it is assigned to. */
  private converted(d: Definition, { type, item }: Carried, v: Value): Expr | undefined {
    const expr = promote(v, type);
    if (!expr) this.state.report(wrongDefault(item.name.text, v.expr.type, item.type.storage!, d.value.span));
    return expr;
  }

  private indicesOf(d: Definition): readonly string[] | undefined {
    const { item, step } = d;
    const s = this.state;
    const names =
      item.kind === 'out'
        ? item.type?.dims.flatMap((e) => (e.kind === 'name' ? [e.name] : []))
        : item.indices;
    const declared = names && s.indexNames(names);
    const state = this.stateOf(d);
    if (state) {
      const { dims, indices } = state;
      if (declared && declared.join() !== dims.join()) s.report(indicesOfState(item.name, dims, d.name.span));
      return indices;
    }
    if (!step) return declared ?? this.inferIndices(d);
    const axis = axisOf(s, step.block);
    if (axis === undefined) return undefined;
    if (!declared) {
      const found = this.inferIndices(d);
      return !found || found.includes(axis) ? found : withAxis(found, axis, s.axisList);
    }
    if (declared.includes(axis)) return declared;
    // Rounds have no name that could stand among the indices.
    if (step.block.rounds) return withAxis(declared, axis, s.axisList);
    s.report(valueWithoutAxis(item.name, axis, item.name.span));
    return undefined;
  }

  /** Free axes of a definition without declared indices, in declaration order. */
  private inferIndices(d: Definition): string[] | undefined {
    const s = this.state;
    const axis = d.step && axisOf(s, d.step.block);
    return s.within(
      () => false,
      () => {
        const seen = d.step ? { step: d.step } : {};
        const v = elaborate(d.value, s.context(d.name.text, seen, { final: false }));
        if (!v) return undefined;
        const free = new Set([...freeAxes(v.expr, s.axes), ...(axis === undefined ? [] : [axis])]);
        const keep = new Set(axis === undefined ? [] : [axis]);
        return freeAxes(resolveDerived(v.expr, free, keep, s.axes), s.axes);
      },
    );
  }
}

function placeOf(d: Definition): 'definition' | 'output' | 'state' {
  if (d.assigns !== undefined) return 'state';
  return d.item.kind === 'out' ? 'output' : 'definition';
}

function hasReduction(e: Expr): boolean {
  if (e.kind === 'reduce') return true;
  if (e.kind === 'op') return e.args.some(hasReduction);
  // A function's sum may have become a definition of its own, which a read stands for.
  return e.kind === 'read' && e.name.includes('.');
}
