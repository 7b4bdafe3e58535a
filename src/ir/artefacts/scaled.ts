/**
 * States that are kept relative to a running maximum m, as if each were multiplied by exp(-m) of its own moment:
 *
 *   S' = exp(m + shift - m') · decay · S + Σ exp(-m') · …
 *
 * With `shift` the maximum's own, such a state says the same whatever the maximum was when the sequence began.
 */
import { constant, key, op, read, readNames, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { IrKernel } from '../ir.ts';
import type { AffineStep, MaxStep } from '../recurrence/classify.ts';
import { Definitions } from '../recurrence/definitions.ts';
import { factors, product } from '../recurrence/factors.ts';
import { stateful } from './stateful.ts';
import { isPlainRead } from './timeline.ts';

export interface ScaledStep {
  readonly state: AffineStep['state'];
  readonly maximum: MaxStep;
  /** What multiplies the state apart from the maxima; free of all states. */
  readonly decay: Expr;
}

/** A product as exp(before · m + after · m' + Σ ± addends) · Π others. */
interface Exponents {
  before: number;
  after: number;
  readonly addends: { readonly e: Expr; readonly sign: number }[];
  readonly others: Expr[];
}

class Scales {
  private readonly definitions: Definitions;
  private readonly moving: ReadonlySet<string>;
  /** The text of the maximum after the step. */
  private readonly next: string;

  constructor(
    k: IrKernel,
    private readonly m: MaxStep,
  ) {
    this.definitions = new Definitions(k);
    this.moving = stateful(k);
    const { next, indices, type } = m.state;
    const order = this.definitions.get(next)?.indices ?? indices;
    const at = read(
      next,
      order.map((a) => variable(a)),
      type,
    );
    this.next = key(this.definitions.resolved(at));
  }

  private depends(e: Expr): boolean {
    return [...readNames(e)].some((n) => this.moving.has(n));
  }

  /** @returns undefined when states enter in another way than through exponents */
  exponents(e: Expr): Exponents | undefined {
    const out: Exponents = { before: 0, after: 0, addends: [], others: [] };
    for (const f of factors(this.definitions, e)) if (!this.factor(f, 1, out)) return undefined;
    return out;
  }

  private factor(f: Expr, sign: number, out: Exponents): boolean {
    if (!this.depends(f)) {
      const value = this.seen(f);
      if (value.kind === 'op' && value.op === 'exp') return this.addend(value.args[0]!, sign, out);
      out.others.push(sign > 0 ? f : op('div', constant('f32', 1), f));
      return true;
    }
    const value = this.seen(f);
    if (value.kind !== 'op') return false;
    if (value.op === 'exp') return this.addend(value.args[0]!, sign, out);
    const [a, b] = [value.args[0]!, value.args[1]!];
    if (value.op === 'div' && a.kind === 'const' && a.value === 1) return this.factor(b, -sign, out);
    return false;
  }

  private addend(e: Expr, sign: number, out: Exponents): boolean {
    const { state } = this.m;
    if (isPlainRead(e, state.name, state.indices)) out.before += sign;
    else if (this.isNext(e)) out.after += sign;
    else {
      const value = this.seen(e);
      const [a, b] = value.kind === 'op' ? value.args : [];
      if (value.kind === 'op' && value.op === 'add')
        return this.addend(a!, sign, out) && this.addend(b!, sign, out);
      if (value.kind === 'op' && value.op === 'sub')
        return this.addend(a!, sign, out) && this.addend(b!, -sign, out);
      if (value.kind === 'op' && value.op === 'neg') return this.addend(a!, -sign, out);
      if (isPlainRead(value, state.name, state.indices)) out.before += sign;
      else if (this.depends(value)) return false;
      else cancel(out.addends, value, sign);
    }
    return true;
  }

  /** The maximum after the step, under any of its names. */
  private isNext(e: Expr): boolean {
    return key(this.definitions.resolved(e)) === this.next;
  }

  /** Through definitions, as far as they are no maximum after the step. */
  private seen(e: Expr): Expr {
    const value = e.kind === 'read' && !this.isNext(e) ? this.definitions.inlined(e) : undefined;
    return value ? this.seen(value) : e;
  }

  /** Σ ± addends, without the maximum's own shift. */
  beyondShift(x: Exponents): Expr {
    const addends = [...x.addends];
    this.shift(this.m.shift, addends);
    const exponent = addends
      .map(({ e, sign }) => (sign < 0 ? op('neg', e) : e))
      .reduce<Expr | undefined>((a, b) => (a ? op('add', a, b) : b), undefined);
    return product([...x.others, ...(exponent ? [op('exp', exponent)] : [])], 'f32');
  }

  private shift(e: Expr, addends: Exponents['addends'][number][]): void {
    const out: Exponents = { before: 0, after: 0, addends, others: [] };
    if (!(e.kind === 'const' && e.value === 0)) this.addend(e, -1, out);
  }
}

/** Adds to a sum; the same expression with the other sign goes away. */
function cancel(addends: { readonly e: Expr; readonly sign: number }[], e: Expr, sign: number): void {
  if (e.kind === 'const' && e.value === 0) return;
  const twin = addends.findIndex((x) => x.sign === -sign && key(x.e) === key(e));
  if (twin < 0) addends.push({ e, sign });
  else addends.splice(twin, 1);
}

/** How an affine step is relative to a running maximum; undefined when it is not relative to this one. */
export function scaledBy(k: IrKernel, step: AffineStep, maximum: MaxStep): ScaledStep | undefined {
  if (maximum.op !== 'max' || step.feedback.length > 0) return undefined;
  if (maximum.state.axis !== step.state.axis || maximum.state.reverse !== step.state.reverse)
    return undefined;
  const scales = new Scales(k, maximum);
  const decay = scales.exponents(step.decay);
  if (!decay || decay.before !== 1 || decay.after !== -1) return undefined;
  for (const e of step.rest) {
    const written = scales.exponents(e);
    if (!written || written.before !== 0 || written.after !== -1) return undefined;
  }
  return { state: step.state, maximum, decay: simplify(scales.beyondShift(decay)) };
}
