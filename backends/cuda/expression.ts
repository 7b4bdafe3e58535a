/** Prints expressions of the Kernel IR as CUDA C++. */
import { CompilerBug } from '../../src/diagnostics/diagnostic.ts';
import type { Expr, ReadExpr } from '../../src/expr/expr.ts';
import type { ScalarType, StorageType } from '../../src/expr/types.ts';
import { constantText, CUDA_OPS, NARROW, LEVEL, type Text } from './dialect.ts';
import type { Namer } from './names.ts';

/** What names mean inside one kernel. */
export interface Scope {
  readonly name: Namer;
  /** Storage of buffers and shared arrays; a lane's own arrays hold plain values and are absent. */
  readonly storage: ReadonlyMap<string, StorageType>;
  /** A lane's own arrays. */
  readonly locals: ReadonlyMap<string, { readonly type: ScalarType; readonly length: number }>;
}

/** The text of `e`, in parentheses if it binds less than `level`. */
export function printExpr(e: Expr, scope: Scope, level: number = LEVEL.any): string {
  const { text, level: own } = spell(e, scope);
  return own < level ? `(${text})` : text;
}

function spell(e: Expr, scope: Scope): Text {
  switch (e.kind) {
    case 'const': {
      const text = constantText(e.type, e.value);
      return { text, level: text.startsWith('-') ? LEVEL.unary : LEVEL.primary };
    }
    case 'var':
      return { text: scope.name(e.name), level: LEVEL.primary };
    case 'read':
      return loaded(e, scope);
    case 'op':
      return CUDA_OPS[e.op](e, (n, level) => printExpr(e.args[n]!, scope, level));
    case 'reduce':
      throw new CompilerBug('cuda print', 'a reduction reached the printer', e.span);
  }
}

const element = (e: ReadExpr, scope: Scope): string =>
  `${scope.name(e.name)}[${printExpr(e.index[0]!, scope)}]`;

function loaded(e: ReadExpr, scope: Scope): Text {
  const storage = scope.storage.get(e.name);
  const narrow = storage && NARROW[storage];
  if (narrow) return { text: `${narrow.load}(${element(e, scope)})`, level: LEVEL.primary };
  if (storage === 'bool') return { text: `${element(e, scope)} != 0`, level: LEVEL.equality };
  return { text: element(e, scope), level: LEVEL.primary };
}

/** The value as it is stored: rounded for narrow storage, copied where the bits are already those of the target. */
export function printStored(value: Expr, storage: StorageType | undefined, scope: Scope): string {
  const narrow = storage && NARROW[storage];
  if (!narrow) return printExpr(value, scope);
  if (copies(value, storage, scope)) return copied(value, storage, scope);
  return `${narrow.store}(${printExpr(value, scope)})`;
}

function copies(e: Expr, storage: StorageType, scope: Scope): boolean {
  if (e.kind === 'read') return scope.storage.get(e.name) === storage;
  if (e.kind !== 'op' || e.op !== 'select') return false;
  const [, a, b] = e.args as [Expr, Expr, Expr];
  return (
    [a, b].every((x) => x.kind === 'const' || copies(x, storage, scope)) &&
    (a.kind !== 'const' || b.kind !== 'const')
  );
}

function copied(e: Expr, storage: StorageType, scope: Scope): string {
  if (e.kind === 'read') return element(e, scope);
  if (e.kind === 'const') return `${NARROW[storage]!.store}(${printExpr(e, scope)})`;
  if (e.kind !== 'op') throw new CompilerBug('cuda print', `cannot copy ${e.kind}`, e.span);
  const [c, a, b] = e.args as [Expr, Expr, Expr];
  const branch = (x: Expr) => {
    const text = copied(x, storage, scope);
    return x.kind === 'op' ? `(${text})` : text;
  };
  return `${printExpr(c, scope, LEVEL.or)} ? ${branch(a)} : ${branch(b)}`;
}
