/** Number literals: their values, and the ranges that they must fit in. */
import type { IToken } from 'chevrotain';
import type { SurfaceExpr } from './ast.ts';
import type { Builder } from './builder.ts';

const MAX_U32 = 0xffff_ffff;
/** Half a step above the largest finite f32: from here on, rounding gives infinity. */
const F32_OVERFLOW = (2 - 2 ** -24) * 2 ** 127;

/** A literal that does not fit is reported and counts as 0, so that later messages are about something else. */
export function numberExpr(b: Builder, token: IToken, isInt: boolean): SurfaceExpr {
  const span = b.tokenSpan(token);
  const text = token.image;
  const value = Number(text);
  if (isInt ? value > MAX_U32 : value >= F32_OVERFLOW) {
    const where = isInt ? '32 bits' : 'f32';
    b.error(
      'E0103',
      `the number \`${text.length > 40 ? `${text.slice(0, 37)}...` : text}\` does not fit in ${where}`,
      span,
    );
    return { kind: 'number', text: '0', value: 0, isInt, span };
  }
  return { kind: 'number', text, value, isInt, span };
}
