/**
 * Which tensors may receive an infinity. Registers hold a large finite number instead, so stores to these tensors turn
 * it into the bits of a true infinity; all others are stored as they are.
 */
import type { Expr } from '../../src/expr/expr.ts';
import type { OpName } from '../../src/expr/ops.ts';
import type { Program, Stmt } from '../../src/kernel/kernel.ts';
import { launchesOf } from '../../src/kernel/launches.ts';
import { visitStmts } from '../../src/kernel/walk.ts';

/** Operations whose result can be infinite when an operand is; of `select` the condition does not count. */
const CARRIES: ReadonlySet<OpName> = new Set<OpName>([
  'neg',
  'abs',
  'floor',
  'ceil',
  'round',
  'add',
  'sub',
  'mul',
  'div',
  'min',
  'max',
  'fma',
  'fma_f16',
  'select',
  'log1p',
  'sqrt',
  'round_f16',
  'round_bf16',
]);

/**
 * Names of tensors of the program to which an infinite value may be stored; workspace is left out. A kernel with several
 * launches stores alike in all of them, so that what its buffer is called like is such a tensor where any of those is.
 */
export function infiniteTensors(program: Program): ReadonlySet<string> {
  const workspace = new Set(program.workspace.map((t) => t.name));
  const found = new Set<string>();
  const launches = launchesOf(program);
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const { kernel: k, tensor } of launches) {
      const tensors = new Set(k.buffers.map((b) => b.name));
      for (const b of tensors) if (found.has(tensor(b))) found.add(b);
      const locals = new Set<string>();
      const infinite = (e: Expr): boolean =>
        mayBeInfinite(e, (n) => (tensors.has(n) ? found : locals).has(n));
      const mark = (name: string, e: Expr): void => {
        if (!infinite(e)) return;
        if (tensors.has(name)) found.add(name).add(tensor(name));
        else locals.add(name);
      };
      for (let size = -1; size !== locals.size + found.size;) {
        size = locals.size + found.size;
        visitStmts(k.body, (s) => transfer(s, mark));
      }
    }
  }
  return new Set([...found].filter((n) => !workspace.has(n)));
}

function mayBeInfinite(e: Expr, known: (name: string) => boolean): boolean {
  if (e.type !== 'f32') return false;
  switch (e.kind) {
    case 'const':
      return Math.abs(e.value) === Infinity;
    case 'var':
    case 'read':
      return known(e.name);
    case 'op':
      return CARRIES.has(e.op) && e.args.some((a) => mayBeInfinite(a, known));
    case 'reduce':
      return true;
  }
}

function transfer(s: Stmt, mark: (name: string, value: Expr) => void): void {
  switch (s.kind) {
    case 'let':
    case 'var':
    case 'assign':
    case 'store':
    case 'shuffle':
    case 'broadcast':
      mark(s.name, s.value);
      return;
    case 'for':
    case 'if':
    case 'array':
    case 'barrier':
    case 'comment':
    case 'contract':
    case 'mma':
    case 'ldmatrix':
    case 'warpgroup':
    case 'matrix':
      return;
  }
}
