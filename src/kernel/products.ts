/** What contractions multiply: floats, integers, or words of four bytes, whose products are summed in 32 bits. */
import { op, type Expr } from '../expr/expr.ts';
import type { ScalarType } from '../expr/types.ts';

export type ProductOf = 'f32' | 'i32' | 'u32' | 'i8x4' | 'u8x4';

interface Row {
  /** Type of what is multiplied. */
  readonly element: ScalarType;
  /** Type of the sum. */
  readonly sum: ScalarType;
  /** Elements of a vector that one product takes. */
  readonly elements: 1 | 4;
  /** c + a · b */
  add(a: Expr, b: Expr, c: Expr): Expr;
}

const plain = (type: 'i32' | 'u32'): Row => ({
  element: type,
  sum: type,
  elements: 1,
  add: (a, b, c) => op('add', c, op('mul', a, b)),
});

export const PRODUCTS: Readonly<Record<ProductOf, Row>> = {
  f32: { element: 'f32', sum: 'f32', elements: 1, add: (a, b, c) => op('fma', a, b, c) },
  i32: plain('i32'),
  u32: plain('u32'),
  i8x4: { element: 'u32', sum: 'i32', elements: 4, add: (a, b, c) => op('dot4_i8', a, b, c) },
  u8x4: { element: 'u32', sum: 'u32', elements: 4, add: (a, b, c) => op('dot4_u8', a, b, c) },
};
