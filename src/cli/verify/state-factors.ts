/**
 * Inputs that multiply a state. Drawn like others they let it grow with every step, past the range of f32: which ones they
 * are, and in what way, says how to draw them so that a recurrence of many steps still has results to compare.
 */
import { visit, type Expr, type OpExpr } from '../../expr/expr.ts';
import type { OpName } from '../../expr/ops.ts';
import { STORAGE } from '../../expr/types.ts';
import type { IrDef, IrKernel } from '../../ir/ir.ts';

/**
 * `negative` and `positive`: the state shrinks where the input has this sign, because it is in the exponent of a factor.
 * `factor`: it is in a factor itself. `mixed`: it is in an exponent in some other way.
 */
export type StateFactor = 'negative' | 'positive' | 'factor' | 'mixed';

/** The float inputs in the coefficients of the kernel's states. */
export function stateFactors(kernel: IrKernel): ReadonlyMap<string, StateFactor> {
  const finder = new Finder(kernel);
  for (const s of kernel.states) finder.walkDef(s.next);
  return finder.found;
}

/** What a drawn value becomes; `calm` counts the tries before, whose results were too large. */
export function tempered(factor: StateFactor, x: number, calm: number): number {
  switch (factor) {
    case 'negative':
      return -Math.abs(x);
    case 'positive':
      return Math.abs(x);
    case 'factor':
      return (x / (1 + Math.abs(x))) * 2 ** -calm;
    case 'mixed':
      return x * 2 ** -calm;
  }
}

type Sign = 1 | -1 | undefined;
const flip = (sign: Sign): Sign => (sign === undefined ? undefined : sign === 1 ? -1 : 1);

class Finder {
  readonly found = new Map<string, StateFactor>();
  private readonly defs: ReadonlyMap<string, IrDef>;
  private readonly floats: ReadonlySet<string>;
  private readonly states: ReadonlySet<string>;
  private readonly carried = new Map<string, boolean>();
  private readonly walked = new Set<string>();

  constructor(kernel: IrKernel) {
    this.defs = new Map(kernel.defs.map((d) => [d.name, d]));
    this.states = new Set(kernel.states.map((s) => s.name));
    const isFloat = kernel.tensors.filter((t) => STORAGE[t.storage].value === 'f32');
    this.floats = new Set(isFloat.map((t) => t.name));
  }

  /** Whether a value depends on what the step before left in a state. */
  private isCarried(e: Expr): boolean {
    let carried = false;
    visit(e, (x) => {
      if (x.kind === 'read') carried ||= this.states.has(x.name) || this.isCarriedDef(x.name);
    });
    return carried;
  }

  private isCarriedDef(name: string): boolean {
    const known = this.carried.get(name);
    if (known !== undefined) return known;
    const def = this.defs.get(name);
    const carried = def !== undefined && this.isCarried(def.value);
    this.carried.set(name, carried);
    return carried;
  }

  walkDef(name: string): void {
    const def = this.defs.get(name);
    if (!def || this.walked.has(name)) return;
    this.walked.add(name);
    this.walk(def.value);
  }

  /** Looks for the coefficients in a value that depends on a state. */
  private walk(e: Expr): void {
    if (e.kind === 'read') return this.walkDef(e.name);
    if (e.kind === 'reduce') return this.walk(e.body);
    if (e.kind !== 'op') return;
    const carried = e.args.map((a) => this.isCarried(a));
    const isProduct = e.op === 'mul' || e.op === 'fma';
    e.args.forEach((a, n) => {
      if (carried[n]) this.walk(a);
      else if (isProduct && n < 2 && carried[1 - n]) this.factor(a);
    });
  }

  private factor(e: Expr): void {
    if (e.kind === 'read') {
      const def = this.defs.get(e.name);
      return def ? this.factor(def.value) : this.note(e.name, 'factor');
    }
    if (e.kind === 'reduce') return this.factor(e.body);
    if (e.kind !== 'op') return;
    if (e.op === 'exp' || e.op === 'exp2') return this.exponent(e.args[0]!, 1);
    for (const a of e.args) this.factor(a);
  }

  /** @param sign how the exponent moves with this part of it, when that is known */
  private exponent(e: Expr, sign: Sign): void {
    if (e.kind === 'read') {
      const def = this.defs.get(e.name);
      if (def) return this.exponent(def.value, sign);
      return this.note(e.name, sign === undefined ? 'mixed' : sign === 1 ? 'negative' : 'positive');
    }
    if (e.kind === 'reduce')
      return this.exponent(e.body, e.op === 'sum' || e.op === 'mean' ? sign : undefined);
    if (e.kind !== 'op') return;
    const scales = (n: number): boolean => e.op === 'mul' && this.isAtLeast0(e.args[1 - n]!);
    e.args.forEach((a, n) => this.exponent(a, scales(n) ? sign : signOf(e, n, sign)));
  }

  /** The value has no sign of its own to give to a product, as that of a softplus. */
  private isAtLeast0(e: Expr): boolean {
    switch (e.kind) {
      case 'const':
        return e.value >= 0;
      case 'read': {
        const def = this.defs.get(e.name);
        return def !== undefined && this.isAtLeast0(def.value);
      }
      case 'op':
        if (e.op === 'max') return e.args.some((a) => this.isAtLeast0(a));
        if (POSITIVE.has(e.op)) return true;
        return KEEPS_SIGN.has(e.op) && e.args.every((a) => this.isAtLeast0(a));
      default:
        return false;
    }
  }

  private note(name: string, factor: StateFactor): void {
    if (!this.floats.has(name)) return;
    const known = this.found.get(name);
    this.found.set(name, known === undefined || known === factor ? factor : 'mixed');
  }
}

const POSITIVE: ReadonlySet<OpName> = new Set<OpName>(['exp', 'exp2', 'abs', 'sqrt', 'rsqrt']);
/** Of operands that are at least 0. */
const KEEPS_SIGN: ReadonlySet<OpName> = new Set<OpName>(['add', 'mul', 'div', 'min', 'log1p', 'cast']);

/** The sign with which operand `n` enters an operation of that sign. */
function signOf(e: OpExpr, n: number, sign: Sign): Sign {
  const other = e.args[1 - n];
  switch (e.op) {
    case 'add':
    case 'min':
    case 'max':
    case 'cast':
      return sign;
    case 'select':
      return n === 0 ? undefined : sign;
    case 'neg':
      return flip(sign);
    case 'sub':
      return n === 0 ? sign : flip(sign);
    case 'mul':
    case 'div':
      if (other?.kind !== 'const' || (e.op === 'div' && n === 1)) return undefined;
      return other.value < 0 ? flip(sign) : sign;
    default:
      return undefined;
  }
}
