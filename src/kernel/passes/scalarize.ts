/**
 * Pass `scalarize`: a lane's array whose every index is a constant becomes scalars, which a target keeps in registers
 * whatever it does with arrays.
 */
import { constant, rewrite, variable, visit, type Expr } from '../../expr/expr.ts';
import type { ScalarType } from '../../expr/types.ts';
import { assign, varS } from '../build.ts';
import type { Kernel, Stmt } from '../kernel.ts';

/** Every expression directly in a statement. */
function expressions(s: Stmt): readonly Expr[] {
  switch (s.kind) {
    case 'let':
    case 'var':
    case 'assign':
    case 'shuffle':
      return [s.value];
    case 'store':
      return [s.index, s.value];
    case 'for':
      return [s.from, s.to, s.step];
    case 'if':
      return [s.cond];
    case 'ldmatrix':
      return [s.intoOffset, s.index];
    case 'mma':
      return [s.dOffset, s.aOffset, s.bOffset];
    default:
      return [];
  }
}

function bodies(s: Stmt): readonly (readonly Stmt[])[] {
  if (s.kind === 'for') return [s.body];
  if (s.kind === 'if') return s.else ? [s.then, s.else] : [s.then];
  return [];
}

class Scalarizer {
  private readonly arrays = new Map<string, { readonly type: ScalarType; readonly length: number }>();
  private readonly names = new Set<string>();

  private survey(stmts: readonly Stmt[]): void {
    for (const s of stmts) {
      if (s.kind === 'array') this.arrays.set(s.name, s);
      if ('name' in s) this.names.add(s.name);
      bodies(s).forEach((b) => this.survey(b));
    }
  }

  private exclude(stmts: readonly Stmt[]): void {
    for (const s of stmts) {
      for (const e of expressions(s))
        visit(e, (x) => {
          if (x.kind === 'read' && x.index[0]?.kind !== 'const') this.arrays.delete(x.name);
        });
      if (s.kind === 'store' && s.index.kind !== 'const') this.arrays.delete(s.name);
      // Statements that take a whole array need one.
      if (s.kind === 'contract') for (const f of [s.acc, s.a, s.b]) this.arrays.delete(f.array);
      if (s.kind === 'mma') for (const a of [s.d, s.a, s.b]) this.arrays.delete(a);
      if (s.kind === 'ldmatrix') this.arrays.delete(s.into);
      bodies(s).forEach((b) => this.exclude(b));
    }
  }

  private scalar(array: string, index: number): string {
    const name = `${array}_${index}`;
    return this.names.has(name) ? `${array}_at_${index}` : name;
  }

  private expr(e: Expr): Expr {
    return rewrite(e, (x) => {
      if (x.kind !== 'read' || !this.arrays.has(x.name)) return x;
      const i = x.index[0]!;
      return i.kind === 'const' ? variable(this.scalar(x.name, i.value), x.type) : x;
    });
  }

  private stmt(s: Stmt): Stmt[] {
    const array = s.kind === 'array' ? this.arrays.get(s.name) : undefined;
    if (array && s.kind === 'array')
      return Array.from({ length: array.length }, (_, n) =>
        varS(this.scalar(s.name, n), constant(array.type, 0)),
      );
    switch (s.kind) {
      case 'let':
      case 'var':
      case 'assign':
      case 'shuffle':
        return [{ ...s, value: this.expr(s.value) }];
      case 'store':
        if (this.arrays.has(s.name) && s.index.kind === 'const')
          return [assign(this.scalar(s.name, s.index.value), this.expr(s.value))];
        return [{ ...s, index: this.expr(s.index), value: this.expr(s.value) }];
      case 'for':
        return [
          {
            ...s,
            from: this.expr(s.from),
            to: this.expr(s.to),
            step: this.expr(s.step),
            body: this.block(s.body),
          },
        ];
      case 'if':
        return [
          {
            ...s,
            cond: this.expr(s.cond),
            then: this.block(s.then),
            ...(s.else ? { else: this.block(s.else) } : {}),
          },
        ];
      case 'ldmatrix':
        return [{ ...s, intoOffset: this.expr(s.intoOffset), index: this.expr(s.index) }];
      default:
        return [s];
    }
  }

  private block(stmts: readonly Stmt[]): Stmt[] {
    return stmts.flatMap((s) => this.stmt(s));
  }

  run(k: Kernel): Kernel {
    this.survey(k.body);
    this.exclude(k.body);
    return this.arrays.size === 0 ? k : { ...k, body: this.block(k.body) };
  }
}

export function scalarize(k: Kernel): Kernel {
  return new Scalarizer().run(k);
}
