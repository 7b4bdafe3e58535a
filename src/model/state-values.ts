/** What a state is read as, what it starts from, and the states of the finished model. */
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts';
import { constant, type Expr } from '../expr/expr.ts';
import type { Name } from '../syntax/ast.ts';
import { freeAxes, resolveDerived } from './axes.ts';
import type { Indexed } from './context.ts';
import type { Definitions } from './definitions.ts';
import { elaborate } from './elaborate.ts';
import type { StepPlace } from './names.ts';
import { missingIndices } from './rules/index-set.ts';
import { initialNeedsSteps, stepNeedsLast } from './rules/states.ts';
import { wrongDefault } from './rules/types.ts';
import { docOf, type KernelState } from './state.ts';
import type { Carried } from './states.ts';
import { promote } from './typing.ts';

/** Names of what the expansions in an initial value make start with this. */
const ownerOf = (c: Carried): string => `${c.item.name.text}.first`;

export class StateValues {
  private readonly initials = new Map<Carried, Expr | undefined>();

  constructor(
    private readonly s: KernelState,
    private readonly defs: Definitions,
  ) {}

  /** At a step of its own block a state is what the assignments before made of it, elsewhere its last value. */
  read(c: Carried, step: StepPlace | undefined, from: Name): Indexed | undefined {
    const { text } = c.item.name;
    // What reads a state comes after what the state starts from.
    this.initial(c, from);
    const dims = c.dims.map((a) => this.s.dimOf(a));
    const made = { shown: text, type: c.type, dims };
    if (step?.block !== c.block) {
      const last = this.defs.define(c.versions.at(-1)!, from, (span) => stepNeedsLast(text, span));
      return last && { ...made, name: c.final };
    }
    const before = c.versions.findLast((v) => v.step!.at < step.at);
    if (before && !this.defs.define(before, from)) return undefined;
    const along = { axis: c.axis, at: c.indices.indexOf(c.axis) };
    return { ...made, name: before?.name.text ?? text, along };
  }

  /** Adds the states whose steps and initial values are known to the kernel. */
  finish(): void {
    for (const c of this.s.carried.values()) {
      const init = this.initial(c, c.item.name);
      const next = this.defs.define(c.versions.at(-1)!);
      if (!init || !next) continue;
      const { item, type, axis, indices, block, final } = c;
      this.s.states.push({
        name: item.name.text,
        axis,
        reverse: block.reverse,
        indices,
        type,
        init,
        next: next.name,
        final,
        block: block.axis.span,
        span: item.name.span,
        ...docOf(item),
      });
    }
  }

  private initial(c: Carried, from: Name): Expr | undefined {
    if (this.initials.has(c)) return this.initials.get(c);
    const { text } = c.item.name;
    const complain = (span: Span): Diagnostic => initialNeedsSteps(text, span);
    const expr = this.defs.during({ name: ownerOf(c), shown: text, complain, initial: true }, from, () =>
      this.makeInitial(c),
    );
    this.initials.set(c, expr);
    return expr;
  }

  private makeInitial(c: Carried): Expr | undefined {
    const { s } = this;
    const { initial, name, type } = c.item;
    if (!initial) return constant(c.type, 0);
    const scope = new Set(c.dims);
    return s.within(
      (x: Expr | undefined) => x !== undefined,
      () => {
        const masks = this.defs.allMasks();
        const v = elaborate(initial, s.context(ownerOf(c), {}, { indices: scope, masks }));
        if (!v) return undefined;
        const expr = promote(v, c.type);
        if (!expr) {
          s.report(wrongDefault(name.text, v.expr.type, type.storage!, initial.span));
          return undefined;
        }
        const value = resolveDerived(expr, scope, scope, s.axes);
        const missing = freeAxes(value, s.axes).filter((a) => !scope.has(a));
        if (missing.length === 0) return value;
        s.report(missingIndices(name.text, missing, c.dims, initial.span, 'state'));
        return undefined;
      },
    );
  }
}
