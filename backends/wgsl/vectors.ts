/** Four elements at once: shared arrays and buffers of vectors. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import { STORAGE } from '../../src/expr/types.ts';
import { dividedBy } from '../../src/expr/divide.ts';
import { i32, op, read, type Expr } from '../../src/expr/expr.ts';
import { simplify } from '../../src/expr/simplify.ts';
import type { Kernel, Stmt } from '../../src/kernel/kernel.ts';
import { visitStmts } from '../../src/kernel/walk.ts';
import type { StatementScope } from './statement.ts';

export const VECTOR = 4;

/** Arrays and buffers of which a kernel takes four elements at once. */
export function takenInFours(k: Kernel): ReadonlySet<string> {
  const out = new Set<string>();
  visitStmts(k.body, (s) => {
    if (s.kind === 'loads') out.add(s.array);
    if (s.kind === 'stores') out.add(s.name);
  });
  return out;
}

/** The place of an element in an array of vectors. */
export const elementText = (index: string): string => `[(${index}) >> 2u][(${index}) & 3]`;

/** The text of four elements as a `vec4<f32>`. */
export function loadsOf(s: Extract<Stmt, { kind: 'loads' }>, scope: StatementScope): string {
  const { expressions } = scope;
  const piece = expressions.text(s.piece);
  const local = scope.place(s.array);
  if (local) {
    const half = local.kind === 'shared' && local.half;
    return half ? `vec4<f32>(${local.text}[${piece}])` : `${local.text}[${piece}]`;
  }
  const t = scope.tensor(s.array);
  if (!t) throw new CompilerBug('wgsl', `${s.array} is not declared`);
  if (t.fours) return t.storage === 'f16' ? `vec4<f32>(${t.variable}[${piece}])` : `${t.variable}[${piece}]`;
  if (t.form === 'packed' && STORAGE[t.storage].bytes === 2) return `${scope.module.fourLoader(t)}(${piece})`;
  const first = simplify(op('mul', s.piece, i32(VECTOR)));
  const at = (n: number): Expr => read(s.array, [simplify(op('add', first, i32(n)))]);
  return `vec4<f32>(${[0, 1, 2, 3].map((n) => expressions.text(at(n))).join(', ')})`;
}

export function storesTo(s: Extract<Stmt, { kind: 'stores' }>, scope: StatementScope): string {
  const local = scope.place(s.name);
  if (local?.kind !== 'shared' || s.values.length !== VECTOR)
    throw new CompilerBug('wgsl', `${s.values.length} elements of ${s.name} are stored at once`);
  const piece = scope.expressions.text(dividedBy(s.index, VECTOR));
  const values = s.values.map((v) => scope.expressions.text(v)).join(', ');
  return `${local.text}[${piece}] = vec4<${local.half ? 'f16' : 'f32'}>(${local.half ? `vec4<f32>(${values})` : values});`;
}
