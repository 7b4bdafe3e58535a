/** Operands of integer contractions: vectors of integers, or of words that hold four bytes each. */
import { i32, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Operand } from '../../tile/tile.ts';
import { wordS } from '../build.ts';
import { PRODUCTS, type ProductOf } from '../products.ts';
import { plainRows } from './plain-rows.ts';
import type { Place, Scope } from './scope.ts';

/** What is multiplied of an operand by lanes, one number or word at a time. */
export function productOf(o: Operand): ProductOf {
  switch (o.storage) {
    case 'i8':
      return 'i8x4';
    case 'u8':
      return 'u8x4';
    case 'i32':
    case 'u32':
      return o.storage;
    default:
      return 'f32';
  }
}

/** Numbers or words of a vector. */
export const lengthOf = (extent: number, of: ProductOf): number => Math.ceil(extent / PRODUCTS[of].elements);

const u32 = (value: number): Expr => ({ kind: 'const', type: 'u32', value });

/** Four integers as the bytes of a word, the first in the lowest bits. */
export function packed(bytes: readonly Expr[]): Expr {
  const parts = bytes.map((x, n): Expr => {
    const word: Expr = x.type === 'u32' ? x : { kind: 'op', type: 'u32', op: 'cast', args: [x] };
    const low = op('bitand', word, u32(0xff));
    return n === 0 ? low : op('shl', low, u32(8 * n));
  });
  return parts.reduce((a, b) => op('bitor', a, b));
}

/**
 * Elements from `first` on of a row as a word, zeros past the end of the vector. Where the tensor holds the row as it is, the word
 * is read; else its bytes are computed.
 * @param columns what `first` is below: more than the vector has where rows are padded
 * @param at the place of an element of the row
 */
export function packedWord(
  scope: Scope,
  o: Operand,
  first: Expr,
  columns: number,
  at: (k: Expr) => Place,
): Expr {
  const extent = scope.vectorExtent(o.vector);
  const whole = extent % 4 === 0;
  if (whole && columns > extent) {
    // Past the end the last word stands in for what is read, and zero for what is used.
    const inside = simplify(op('min', first, i32(extent - 4)));
    return op('select', op('lt', first, i32(extent)), packedWord(scope, o, inside, extent, at), u32(0));
  }
  if (whole && plainRows(scope, o, o.storage) !== undefined) {
    const place = at(first);
    const { buffer, from } = scope.element(o.value, place);
    const name = scope.names.fresh(`${buffer}_word`);
    place.out.push(wordS(name, buffer, from));
    return { kind: 'var', type: 'u32', name };
  }
  const zero: Expr = { kind: 'const', type: o.value.type, value: 0 };
  return packed(
    [0, 1, 2, 3].map((n) => {
      const k = simplify(op('add', first, i32(n)));
      if (whole) return scope.value(o.value, at(k));
      const inside = simplify(op('min', k, i32(extent - 1)));
      return op('select', op('lt', k, i32(extent)), scope.value(o.value, at(inside)), zero);
    }),
  );
}

/** Number or word `k` of a row of an integer operand. */
export function integerAt(scope: Scope, o: Operand, k: Expr, at: (element: Expr) => Place): Expr {
  if (PRODUCTS[productOf(o)].elements === 1) return scope.value(o.value, at(k));
  const columns = 4 * lengthOf(scope.vectorExtent(o.vector), productOf(o));
  return packedWord(scope, o, simplify(op('mul', k, i32(4))), columns, at);
}
