/** Row operands that go straight into the registers in which matrix units take them, never through workgroup memory. */
import { i32, f32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StorageType } from '../../expr/types.ts';
import type { Operand } from '../../tile/tile.ts';
import { arrayS, forS, store, words } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Frame } from './frame.ts';
import { padded, type Scope } from './scope.ts';

/**
 * Length of an operand's rows if they lie in a tensor of that storage as they are, one element after another, and every
 * row begins where rows of this length can begin.
 */
export function plainRows(scope: Scope, o: Operand, storage: StorageType): number | undefined {
  const e = o.value;
  if (e.kind !== 'read' || e.index.length === 0) return undefined;
  const t = scope.tensor(e.name);
  const last = e.index.at(-1)!;
  const extent = scope.vectorExtent(o.vector);
  const innermost = t?.shape.at(-1);
  const whole = innermost?.kind === 'const' && innermost.value === extent;
  const own = last.kind === 'var' && last.name === o.vector && t?.axes.at(-1) === o.vector;
  const inOrder = e.index.slice(0, -1).every((x) => !mentions(x, o.vector));
  return t && whole && own && inOrder && t.storage === storage && !t.within ? extent : undefined;
}

const mentions = (e: Expr, name: string): boolean =>
  (e.kind === 'var' && e.name === name) ||
  (e.kind === 'op' && e.args.some((x) => mentions(x, name))) ||
  (e.kind === 'read' && e.index.some((x) => mentions(x, name)));

/**
 * Fills `array` with 4 words per 16 rows and 16 columns: rows g and g + 8 of the lane, columns 2t, 2t + 1 and eight further ones (PTX
 * ISA, operand A of mma.m16n8k16). Every element is read, and its transform computed, by the one lane that needs it.
 */
export function loadFragments(
  scope: Scope,
  frame: Frame,
  o: Operand,
  into: { readonly array: string; readonly columns: number; readonly storage: StorageType },
): Stmt[] {
  const { array, columns, storage } = into;
  const extent = scope.vectorExtent(o.vector);
  const step = scope.index('step');
  const plain = plainRows(scope, o, storage);
  const first = op('add', op('mul', variable(step), i32(16)), op('mul', variable('quad'), i32(2)));
  const body: Stmt[] = [];
  const { rowSlots } = scope.arrangement;
  for (let word = 0; word < 2 * rowSlots; word++) {
    const [slot, right] = [word % rowSlots, Math.floor(word / rowSlots)];
    const place = frame.row(slot, body);
    const first4 = (slot >> 1) * (columns / 4) + (slot % 2) + 2 * right;
    const to = simplify(op('add', op('mul', variable(step), i32(4)), i32(first4)));
    const col = simplify(op('add', first, i32(8 * right)));
    const at = (k: Expr) => ({ ...place, vars: new Map([...place.vars, [o.vector, k]]), cache: new Map() });
    if (plain !== undefined && plain === columns) {
      const { buffer, from } = scope.element(o.value, at(col));
      body.push(words({ into: array, intoOffset: to, buffer, from }));
      continue;
    }
    const element = (k: Expr): Expr => {
      if (columns === extent) return scope.value(o.value, at(k));
      // Past the end the last element stands in for what is read, and zero for what is used.
      const inside = simplify(op('min', k, i32(extent - 1)));
      return op('select', op('lt', k, i32(extent)), scope.value(o.value, at(inside)), f32(0));
    };
    const pack = storage === 'bf16' ? 'pack_bf16' : 'pack_f16';
    body.push(store(array, to, op(pack, element(col), element(simplify(op('add', col, i32(1)))))));
  }
  return [
    arrayS(array, 'u32', (columns / 4) * (rowSlots / 2)),
    forS(step, { to: i32(padded(scope.arrangement, extent) / 16), unroll: true }, body),
  ];
}
