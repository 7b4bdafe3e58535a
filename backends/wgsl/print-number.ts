/** Constants as short WGSL literals. */
import type { ConstExpr } from '../../src/expr/expr.ts';
import { shortestF32 } from '../../src/kernel/print-number.ts';
import { INFINITY_NAME } from './helpers.ts';
import { LEVEL, primary, type Piece } from './piece.ts';

/** A private variable with the bits of a NaN: WGSL refuses it in constant expressions. */
export const NAN_NAME = 'nan_bits';

export function constPiece(e: ConstExpr): Piece {
  const text = constText(e);
  return text.startsWith('-') ? { text, level: LEVEL.unary } : primary(text);
}

function constText(e: ConstExpr): string {
  switch (e.type) {
    case 'bool':
      return e.value !== 0 ? 'true' : 'false';
    case 'i32':
      return String(e.value);
    case 'u32':
      return `${e.value}u`;
    case 'f32':
      if (Number.isNaN(e.value)) return `bitcast<f32>(${NAN_NAME})`;
      if (Math.abs(Math.fround(e.value)) === Infinity)
        return e.value > 0 ? INFINITY_NAME : `-${INFINITY_NAME}`;
      return shortestF32(e.value);
  }
}
