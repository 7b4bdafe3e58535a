/** Operands of integer contractions: vectors of integers, or of words that hold four bytes each. */
import { i32, op, type Expr } from '../../expr/expr.ts';
import { simplify } from '../../expr/simplify.ts';
import type { Operand } from '../../tile/tile.ts';
import { wordS } from '../build.ts';
import { PRODUCTS, type ProductOf } from '../products.ts';
import { plainRows } from './fragments.ts';
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
 * @param at the place of an element of the row; statements it needs go to `out`
 */
export function packedWord(scope: Scope, o: Operand, first: Expr, at: (k: Expr) => Place): Expr {
  const extent = scope.vectorExtent(o.vector);
  const place = at(first);
  if (extent % 4 === 0 && plainRows(scope, o, o.storage) !== undefined) {
    const { buffer, from } = scope.element(o.value, place);
    const name = scope.names.fresh(`${buffer}_word`);
    place.out.push(wordS(name, buffer, from));
    return { kind: 'var', type: 'u32', name };
  }
  const zero: Expr = { kind: 'const', type: o.value.type, value: 0 };
  return packed(
    [0, 1, 2, 3].map((n) => {
      const k = simplify(op('add', first, i32(n)));
      if (extent % 4 === 0) return scope.value(o.value, at(k));
      // Past the end the last element stands in for what is read, and zero for what is used.
      const inside = simplify(op('min', k, i32(extent - 1)));
      return op('select', op('lt', k, i32(extent)), scope.value(o.value, at(inside)), zero);
    }),
  );
}

/** Number or word `k` of a row of an integer operand. */
export function integerAt(scope: Scope, o: Operand, k: Expr, at: (element: Expr) => Place): Expr {
  if (PRODUCTS[productOf(o)].elements === 1) return scope.value(o.value, at(k));
  return packedWord(scope, o, simplify(op('mul', k, i32(4))), at);
}
