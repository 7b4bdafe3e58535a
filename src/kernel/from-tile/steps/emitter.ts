/**
 * Expressions of a recurrence as kernel expressions. Loops are levels: level 0 is before the steps, level 1 a step, and
 * each loop over a vector axis is one more. What an expression does not share with the loop around it is computed
 * at the outermost level where all of it is known, once.
 */
import { CompilerBug } from '../../../diagnostics/diagnostic.ts';
import { key, mapChildren, op, read, substitute, type Expr, type ReadExpr } from '../../../expr/expr.ts';
import type { OpName } from '../../../expr/ops.ts';
import { simplify } from '../../../expr/simplify.ts';
import type { CarriedState, StepDef } from '../../../tile/tile.ts';
import { letS } from '../../build.ts';
import type { Stmt } from '../../kernel.ts';
import { bufferOf, type Scope } from '../scope.ts';

interface Level {
  readonly out: Stmt[];
  /** Values that are known here, as variables. */
  readonly cache: Map<string, Expr>;
  /** Coordinates of axes that the level binds. */
  readonly axes: ReadonlyMap<string, Expr>;
}

/** A lane's own numbers: one variable, or an array over vector axes. */
export interface Held {
  readonly name: string;
  readonly vectors: readonly string[];
}

/** What the emitter asks of the stage. */
export interface Values {
  state(name: string): CarriedState | undefined;
  def(name: string): StepDef | undefined;
  /** Where a state's value before the step, or a value of a step that is held, lies. */
  held(name: string, slot: number): Held | undefined;
  /** The value differs between the columns of a lane. */
  perSlot(indices: readonly string[]): boolean;
  /** Coordinates of the lane's column `slot`. */
  column(axis: string, slot: number): Expr | undefined;
  extent(vector: string): number;
}

export class Emitter {
  private readonly levels: Level[] = [];
  private readonly levelOf = new Map<string, number>();

  constructor(
    private readonly scope: Scope,
    private readonly values: Values,
  ) {}

  get depth(): number {
    return this.levels.length - 1;
  }

  /** Statements of the innermost level, or of an outer one. */
  out(level = this.depth): Stmt[] {
    return this.levels[level]!.out;
  }

  /** @param out statements of a turn that is written out go where its loop would be, in order */
  push(axes: ReadonlyMap<string, Expr> = new Map(), out: Stmt[] = []): void {
    this.levels.push({ out, cache: new Map(), axes });
    for (const e of axes.values())
      if (e.kind === 'var' && !this.levelOf.has(e.name)) this.levelOf.set(e.name, this.depth);
  }

  pop(): readonly Stmt[] {
    return this.levels.pop()!.out;
  }

  /** Notes that a variable is known from a level on. */
  declare(name: string, level = this.depth): void {
    this.levelOf.set(name, level);
  }

  /** What was computed from a lane's numbers is not true any more. */
  forget(array: string): void {
    for (const l of this.levels)
      for (const k of l.cache.keys()) if (k.includes(`${array}[`)) l.cache.delete(k);
  }

  coordinate(axis: string, slot: number): Expr | undefined {
    // A written turn of a block stands before the loop over blocks.
    for (let n = this.depth; n >= 0; n--) {
      const e = this.levels[n]!.axes.get(axis);
      if (e) return e;
    }
    return this.values.column(axis, slot);
  }

  /** The value of an expression in the innermost loop, for one column of the lane. */
  value(e: Expr, slot: number): Expr {
    return this.hoist(this.translate(e, slot), this.depth);
  }

  /** The same for what is added to a sum: a product of the loop around stays one, so that both are one operation. */
  term(e: Expr, slot: number): Expr {
    const x = this.translate(e, slot);
    const product = x.kind === 'op' && x.op === 'mul' && x.type === 'f32';
    if (!product || this.levels[this.level(x)]!.out !== this.out()) return this.hoist(x, this.depth);
    return mapChildren(x, (c) => this.hoist(c, this.depth));
  }

  /** A kernel expression, with what is known further out computed there. */
  hoisted(e: Expr): Expr {
    return this.hoist(e, this.depth);
  }

  private translate(e: Expr, slot: number): Expr {
    switch (e.kind) {
      case 'const':
        return e;
      case 'var':
        return this.coordinate(e.name, slot) ?? e;
      case 'op':
        return simplify(this.scope.divide(mapChildren(e, (c) => this.translate(c, slot))));
      case 'read':
        return this.translateRead(e, slot);
      case 'reduce':
        throw new CompilerBug('kernel/from-tile', 'a reduction inside a value of a step');
    }
  }

  private translateRead(e: ReadExpr, slot: number): Expr {
    const t = this.scope.tensor(e.name);
    if (t) {
      this.scope.usedTensors.add(t.name);
      const index = e.index.map((x, n) => this.scope.clampValue(this.translate(x, slot), x, t, n));
      return this.named(read(bufferOf(t), [this.scope.flat(t, index)], e.type), `${e.name}_at`);
    }
    const held = this.values.held(e.name, slot);
    const state = this.values.state(e.name);
    const def = this.values.def(e.name);
    if (held) {
      if (held.vectors.length === 0) return { kind: 'var', type: e.type, name: held.name };
      const names = (state ?? def)!.indices;
      const at = held.vectors.map((v) => this.element(e.index[names.indexOf(v)]!, v, slot));
      return read(held.name, [this.flat(held.vectors, at)], e.type);
    }
    if (!def) throw new CompilerBug('kernel/from-tile', `value ${e.name} is not computed here`);
    return this.expand(e, def, slot);
  }

  /** An index along a vector, kept inside of it: a branch that is not taken may read anywhere. */
  private element(x: Expr, vector: string, slot: number): Expr {
    const value = this.translate(x, slot);
    const extent = this.values.extent(vector);
    if (x.kind === 'var' && this.values.extent(x.name) <= extent) return value;
    if (value.kind === 'const' && value.value >= 0 && value.value < extent) return value;
    const low = this.scope.isNatural(value) ? value : op('max', value, constant(0));
    return simplify(op('min', low, constant(extent - 1)));
  }

  flat(vectors: readonly string[], at: readonly Expr[]): Expr {
    return at.reduce<Expr>(
      (n, x, k) => simplify(op('add', simplify(op('mul', n, constant(this.values.extent(vectors[k]!)))), x)),
      constant(0),
    );
  }

  /** A pointwise value, computed once per level at which it is known. */
  private expand(e: ReadExpr, def: StepDef, slot: number): Expr {
    const moved = def.indices.flatMap((a, n) => {
      const x = e.index[n]!;
      return x.kind === 'var' && x.name === a ? [] : [[a, x] as const];
    });
    const at = def.indices
      .filter((a) => !this.values.column(a, 0))
      .map((a) => key(this.translate(e.index[def.indices.indexOf(a)]!, slot)));
    const id = `${def.name}@${at.join()}@${this.values.perSlot(def.indices) ? slot : ''}`;
    for (const l of this.levels) {
      const known = l.cache.get(id);
      if (known) return known;
    }
    const value = moved.length === 0 ? def.value : substitute(def.value, new Map(moved));
    return this.named(this.translate(value, slot), def.name, id);
  }

  // ---- kernel expressions and their levels

  private level(e: Expr): number {
    switch (e.kind) {
      case 'const':
        return 0;
      case 'var':
        return this.levelOf.get(e.name) ?? 0;
      case 'read': {
        // A lane's own numbers may change in any loop, also in the innermost.
        const own = this.scope.isBuffer(e.name) ? 0 : 1;
        return Math.max(own, this.level(e.index[0]!));
      }
      case 'op':
        return Math.max(0, ...e.args.map((a) => this.level(a)));
      case 'reduce':
        throw new CompilerBug('kernel/from-tile', 'a reduction is left');
    }
  }

  /** The expression at `level`, with what is known further out computed there. */
  private hoist(e: Expr, level: number): Expr {
    if (e.kind === 'const' || e.kind === 'var') return e;
    // What takes long is computed once for all columns of a lane.
    if (this.level(e) < level || (e.kind === 'op' && SLOW.has(e.op))) return this.named(e, baseName(e));
    return mapChildren(e, (c) => this.hoist(c, level));
  }

  /** A variable that holds the expression, at the level where it is known. */
  private named(e: Expr, base: string, id = key(e)): Expr {
    const level = this.level(e);
    const { cache, out } = this.levels[level]!;
    const known = cache.get(id) ?? cache.get(key(e));
    if (known) return known;
    const value = fused(mapChildren(e, (c) => this.hoist(c, level)));
    if (value.kind === 'const' || value.kind === 'var') {
      if (id !== key(e)) cache.set(id, value);
      return value;
    }
    const name = this.scope.isNatural(value) ? this.scope.index(base) : this.scope.names.fresh(base);
    this.levelOf.set(name, level);
    out.push(letS(name, value));
    const result: Expr = { kind: 'var', type: e.type, name };
    cache.set(id, result);
    cache.set(key(e), result);
    return result;
  }
}

const constant = (value: number): Expr => ({ kind: 'const', type: 'i32', value });

const SLOW: ReadonlySet<OpName> = new Set<OpName>([
  'exp',
  'exp2',
  'log',
  'log2',
  'log1p',
  'sin',
  'cos',
  'rsqrt',
  'tanh',
  'erf',
  'sqrt',
  'pow',
]);

/** What a number that has no name in the spec is called. */
function baseName(e: Expr): string {
  if (e.type === 'bool') return 'holds';
  if (e.type === 'i32') return 'at';
  return e.kind === 'op' && SLOW.has(e.op) ? e.op : 'part';
}

/** Sums of products in one operation. */
export function fused(e: Expr): Expr {
  if (e.kind !== 'op' || e.type !== 'f32' || e.op !== 'add') return e;
  const [a, b] = e.args as [Expr, Expr];
  if (b.kind === 'op' && b.op === 'mul') return op('fma', b.args[0]!, b.args[1]!, a);
  if (a.kind === 'op' && a.op === 'mul') return op('fma', a.args[0]!, a.args[1]!, b);
  return e;
}
