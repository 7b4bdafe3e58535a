/** Expressions of one kernel as WGSL text. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import type { Expr, OpExpr, ReadExpr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import { DIALECT, type Speller } from './dialect.ts';
import type { HelperName } from './helpers.ts';
import { memberName, type ModuleContext, type ModuleTensor } from './module.ts';
import { call, infix, LEVEL, primary, type Piece } from './piece.ts';
import { elementText } from './vectors.ts';
import { constPiece } from './print-number.ts';

/** What a name in a kernel stands for. */
export type Place =
  | { readonly kind: 'local'; readonly text: string }
  /** A shared array; `half` when its elements are f16 values. */
  | {
      readonly kind: 'shared';
      readonly text: string;
      readonly half: boolean;
      /** Four elements make a vector. */
      readonly fours: boolean;
    };

const LOGIC: ReadonlySet<OpName> = new Set<OpName>(['and', 'or', 'not']);

export class ExpressionPrinter implements Speller {
  private deciding = false;

  constructor(
    private readonly module: ModuleContext,
    private readonly place: (name: string) => Place | undefined,
    private readonly tensor: (name: string) => ModuleTensor | undefined,
  ) {}

  /** The text of a condition of `if`. */
  condition(e: Expr): string {
    this.deciding = true;
    const { text } = this.print(e);
    this.deciding = false;
    return text;
  }

  /** True directly below an `if`, through logic alone. */
  get branching(): boolean {
    return this.deciding;
  }

  text(e: Expr): string {
    return this.print(e).text;
  }

  print(e: Expr): Piece {
    switch (e.kind) {
      case 'const':
        if (e.type === 'f32' && Number.isNaN(e.value)) this.module.nan();
        else if (e.type === 'f32' && Math.abs(e.value) === Infinity) this.module.infinity();
        return constPiece(e);
      case 'var':
        return this.variable(e.name);
      case 'op':
        return this.operation(e);
      case 'read':
        return this.read(e);
      case 'reduce':
        throw new CompilerBug('wgsl', 'a reduction is left', e.span);
    }
  }

  helper(name: HelperName, ...args: Piece[]): Piece {
    return call(this.module.helper(name), ...args);
  }

  packedProducts(): boolean {
    return this.module.packedProducts();
  }

  isNonzero(e: Expr): boolean {
    if (e.kind === 'const') return e.value !== 0;
    return e.kind === 'var' && (this.module.program.fixed[e.name] ?? 0) !== 0;
  }

  /** An index as i32, as the accessor functions take it. */
  index(e: Expr): string {
    return e.type === 'u32' ? `i32(${this.text(e)})` : this.text(e);
  }

  private operation(e: OpExpr): Piece {
    const { deciding } = this;
    this.deciding = deciding && LOGIC.has(e.op);
    const piece = DIALECT[e.op](e, this);
    this.deciding = deciding;
    return piece;
  }

  private variable(name: string): Piece {
    const local = this.place(name);
    if (local) return primary(local.text);
    const fixed = this.module.fixed(name);
    if (fixed !== undefined) return primary(fixed);
    const uniform = this.module.uniform(name);
    if (!uniform) throw new CompilerBug('wgsl', `${name} is not declared`);
    const member = primary(`${this.module.uniformsName}.${memberName(name)}`);
    return uniform.type === 'bool'
      ? infix({ symbol: '!=', level: LEVEL.compare }, member, primary('0u'))
      : member;
  }

  private read(e: ReadExpr): Piece {
    const index = e.index[0]!;
    const local = this.place(e.name);
    if (local) {
      const fours = local.kind === 'shared' && local.fours;
      const at = this.text(index);
      const element = primary(`${local.text}${fours ? elementText(at) : `[${at}]`}`);
      return local.kind === 'shared' && local.half ? call('f32', element) : element;
    }
    const tensor = this.tensor(e.name);
    if (!tensor) throw new CompilerBug('wgsl', `${e.name} is not declared`);
    const at = this.text(index);
    const element = primary(`${tensor.variable}${tensor.fours ? elementText(at) : `[${at}]`}`);
    switch (tensor.form) {
      case 'plain':
        return tensor.storage === 'f16' ? call('f32', element) : element;
      case 'bits':
        return this.helper('bits_to_finite', element);
      case 'packed':
        return primary(`${this.module.loader(tensor)}(${this.index(index)})`);
    }
  }
}
