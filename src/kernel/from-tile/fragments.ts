/** Row operands that go straight into the registers in which matrix units take them, never through workgroup memory. */
import { i32, f32, op, variable, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { StorageType } from '../../expr/types.ts';
import type { Operand } from '../../tile/tile.ts';
import { arrayS, forS, store, words as wordsS } from '../build.ts';
import type { Stmt } from '../kernel.ts';
import type { Frame } from './frame.ts';
import { plainRows } from './plain-rows.ts';
import type { Scope } from './scope.ts';
import { pieceOf, type Tile } from './tile-layout.ts';
import { packedWord } from './words.ts';

/**
 * Fills `array` with 4 words per 16 rows and two pieces of columns: rows g and g + 8 of the lane, of each piece the word at place t (PTX
 * ISA, operand A of mma.m16n8k16: columns 2t, 2t + 1 and eight further ones). Every element is read, and its transform computed, by the one lane that needs it.
 */
export function loadFragments(
  scope: Scope,
  frame: Frame,
  o: Operand,
  { array, columns, bytes }: Tile,
  storage: StorageType,
): Stmt[] {
  const extent = scope.vectorExtent(o.vector);
  const step = scope.index('step');
  const piece = pieceOf(bytes ? { bytes } : {});
  const plain = plainRows(scope, o, bytes ?? storage);
  const first = op(
    'add',
    op('mul', variable(step), i32(2 * piece)),
    op('mul', variable('quad'), i32(piece / 4)),
  );
  const body: Stmt[] = [];
  const { rowSlots } = scope.arrangement;
  const words = (2 * columns) / piece;
  for (let word = 0; word < 2 * rowSlots; word++) {
    const [slot, right] = [word % rowSlots, Math.floor(word / rowSlots)];
    const place = frame.row(slot, body);
    const first4 = (slot >> 1) * words + (slot % 2) + 2 * right;
    const to = simplify(op('add', op('mul', variable(step), i32(4)), i32(first4)));
    const col = simplify(op('add', first, i32(piece * right)));
    const at = (k: Expr) => ({ ...place, vars: new Map([...place.vars, [o.vector, k]]), cache: new Map() });
    if (plain !== undefined && plain === columns) {
      const { buffer, from } = scope.element(o.value, at(col));
      body.push(wordsS({ into: array, intoOffset: to, buffer, from }));
      continue;
    }
    if (bytes) {
      body.push(store(array, to, packedWord(scope, o, col, columns, at)));
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
    arrayS(array, 'u32', words * (rowSlots / 2)),
    forS(step, { to: i32(columns / (2 * piece)), unroll: true }, body),
  ];
}
