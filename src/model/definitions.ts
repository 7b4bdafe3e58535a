/** Mask lines and definitions, each elaborated where it is first needed. */
import type { Expr } from '../expr/expr.ts';
import type { Name, SurfaceExpr } from '../syntax/ast.ts';
import { freeAxes, resolveDerived } from './axes.ts';
import { elaborate } from './elaborate.ts';
import type { ModelDef, ModelMask } from './model.ts';
import { axisOf, withAxis } from './states.ts';
import { definitionCycle } from './rules/cycle.ts';
import { missingIndices } from './rules/index-set.ts';
import { aggregateWithoutReduction } from './rules/reductions.ts';
import { indicesOfState, valueWithoutAxis } from './rules/states.ts';
import { maskNotBool, wrongDefault } from './rules/types.ts';
import { docOf, type Definition, type ItemOf, type KernelState } from './state.ts';
import { promote, type Value } from './typing.ts';
import { namesIn } from './uses.ts';

export class Definitions {
  private readonly byName = new Map<string, ModelDef>();
  private readonly done = new Set<string>();
  private readonly busy: string[] = [];
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

  /** Elaborates what has not been needed yet. */
  checkAll(): void {
    this.maskItems.forEach((_, n) => this.mask(n));
    for (const d of this.state.declared.values()) if (d.kind === 'definition') this.define(d);
    for (const c of this.state.carried.values()) c.versions.forEach((v) => this.define(v));
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

  /** Elaborates a definition where it is first read. `from` is the name that reads it. */
  define(d: Definition, from: Name = d.name): ModelDef | undefined {
    const { text } = d.name;
    if (this.done.has(text)) return this.byName.get(text);
    const at = this.busy.indexOf(text);
    if (at >= 0) {
      const path = this.busy.slice(at).map((name) => name.split('.')[0]!);
      this.state.report(definitionCycle(from, path));
      return undefined;
    }
    this.busy.push(text);
    const def = this.make(d);
    if (def) this.byName.set(text, def);
    this.busy.pop();
    this.done.add(text);
    return def;
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
    const block = d.step?.block.axis.span;
    const made = s.within(
      (x: ModelDef | undefined) => x !== undefined,
      (): ModelDef | undefined => {
        const v = elaborate(d.value, s.context(text, seen, { indices: scope, masks }));
        if (!v) return undefined;
        const plain = d.assigns === undefined ? v.expr : this.converted(d, v);
        if (!plain) return undefined;
        const value = resolveDerived(plain, scope, scope, s.axes);
        const missing = freeAxes(value, s.axes).filter((a) => !scope.has(a));
        if (missing.length > 0) {
          s.report(missingIndices(shown, missing, indices, span, placeOf(d)));
          return undefined;
        }
        const role = item.kind === 'out' ? 'out' : (item.role ?? 'let');
        const written = d.assigns === undefined;
        const own = block ? { block } : {};
        return { name: text, role, indices, type: plain.type, value, span, written, ...own, ...docOf(item) };
      },
      block,
    );
    if (!made) return undefined;
    s.defs.push(made);
    if (made.role === 'aggregate' && !hasReduction(made.value))
      s.report(aggregateWithoutReduction(shown, span));
    return made;
  }

  /** The value in the type of the state that it is assigned to. */
  private converted(d: Definition, v: Value): Expr | undefined {
    const { type, item } = this.state.carried.get(d.assigns!)!;
    const expr = promote(v, type);
    if (!expr) this.state.report(wrongDefault(d.assigns!, v.expr.type, item.type.storage!, d.value.span));
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
    if (d.assigns !== undefined) {
      const { dims, indices } = s.carried.get(d.assigns)!;
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
