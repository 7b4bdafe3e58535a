/**
 * Expressions as closures for nested loops: what does not move with a loop is computed outside of it. Level 0 is the
 * outermost loop's surroundings; a variable of level n changes whenever loop n moves.
 */
import { CompilerBug } from '../diagnostics/diagnostic.ts';
import { compileExpr, type EvalEnv, type Evaluator } from '../expr/evaluate.ts';
import { freeVars, mapChildren, variable, visit, type Expr, type ReadExpr } from '../expr/expr.ts';
import type { Facts } from './count-facts.ts';

const ROOM = 4096;

export class Closures {
  readonly frame = new Float64Array(ROOM);
  private readonly slots = new Map<string, number>();
  private readonly levels = new Map<string, number>();
  private readonly before: (() => void)[][] = [];
  /** Slots of level 0 that loops read: variables, and what was computed of them. */
  private readonly outer = new Set<number>();
  private readonly env: EvalEnv;

  /**
   * @param facts tensors that expressions may read
   * @param values names that are read without an index and are variables here
   */
  constructor(
    facts: Facts,
    private readonly values: ReadonlySet<string> = new Set(),
  ) {
    this.env = {
      frame: this.frame,
      slot: (name) => this.slots.get(name),
      read: (e) => this.read(e, facts),
    };
  }

  /** Declares a variable of a level; its value is then `frame[slot]`. */
  variable(name: string, level: number): number {
    const slot = this.slots.size;
    if (slot >= ROOM) throw new CompilerBug('tile/count', 'too many variables');
    this.slots.set(name, slot);
    this.levels.set(name, level);
    return slot;
  }

  /** Sets a variable if there is one of that name. */
  readonly set = (name: string, value: number): void => {
    const slot = this.slots.get(name);
    if (slot !== undefined) this.frame[slot] = value;
  };

  get(name: string): number {
    const slot = this.slots.get(name);
    if (slot === undefined) throw new CompilerBug('tile/count', `no variable ${name}`);
    return this.frame[slot]!;
  }

  /** The innermost loop with which the expression moves. */
  levelOf(e: Expr): number {
    let level = 0;
    const names = freeVars(e);
    if (this.values.size > 0)
      visit(e, (x) => {
        if (x.kind === 'read' && this.values.has(x.name)) names.add(x.name);
      });
    for (const v of names) {
      const own = this.levels.get(v);
      if (own === undefined) throw new CompilerBug('tile/count', `bounds read an unknown name ${v}`);
      level = Math.max(level, own);
    }
    return level;
  }

  /** A closure to call in loop `level`, after `enter(n)` for all n up to it. */
  compile(e: Expr, level: number): Evaluator {
    const inner = this.hoisted(e, level);
    for (const v of freeVars(inner)) if (this.levels.get(v) === 0) this.outer.add(this.slots.get(v)!);
    return compileExpr(inner, this.env);
  }

  /** What loops know of the variables of level 0: where it is equal, they do the same. Call it after `enter(0)`. */
  surroundings(): string {
    return Array.from(this.outer, (slot) => this.frame[slot]).join(' ');
  }

  /** Computes what was taken out of the loops within `level`; call it whenever that level's variables have moved. */
  enter(level: number): void {
    for (const f of this.before[level] ?? []) f();
  }

  private hoisted(e: Expr, level: number): Expr {
    if (e.kind === 'const' || e.kind === 'var') return e;
    const own = this.levelOf(e);
    if (own >= level) return mapChildren(e, (c) => this.hoisted(c, level));
    // What only moves with level 0 is not read by a loop itself; its value is.
    const f = own === 0 ? compileExpr(this.hoisted(e, 0), this.env) : this.compile(e, own);
    const name = `<${this.slots.size}>`;
    const slot = this.variable(name, own);
    (this.before[own] ??= []).push(() => void (this.frame[slot] = f()));
    return variable(name, e.type);
  }

  private read(e: ReadExpr, facts: Facts): Evaluator {
    if (this.values.has(e.name)) {
      const slot = this.slots.get(e.name)!;
      return () => this.frame[slot]!;
    }
    const tensor = facts.tensors?.[e.name];
    if (!tensor) throw new CompilerBug('tile/count', `no data for ${e.name}`);
    const index = e.index.map((x) => compileExpr(x, this.env));
    const { shape, data } = tensor;
    return () => {
      let at = 0;
      for (let n = 0; n < index.length; n++)
        // As in kernels, a read outside of a tensor gives its nearest element.
        at = at * shape[n]! + Math.min(Math.max(index[n]!(), 0), shape[n]! - 1);
      return data[at]!;
    };
  }
}
