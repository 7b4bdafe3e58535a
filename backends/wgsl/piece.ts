/** Fragments of WGSL text with the binding strength of their outermost operator. */

export interface Piece {
  readonly text: string;
  readonly level: number;
  /** The outermost infix symbol, where chains of one symbol need no parentheses. */
  readonly chain?: string;
}

/** WGSL's grammar, not C's: shifts, bit operations and logic do not mix with their neighbours without parentheses. */
export const LEVEL = {
  logic: 2,
  bit: 4,
  compare: 6,
  shift: 8,
  add: 10,
  mul: 12,
  unary: 14,
  primary: 16,
} as const;

export const primary = (text: string): Piece => ({ text, level: LEVEL.primary });
const parens = (p: Piece): string => `(${p.text})`;
const at = (p: Piece, level: number): string => (p.level >= level ? p.text : parens(p));

export const prefix = (symbol: string, a: Piece): Piece => ({
  text: `${symbol}${a.level > LEVEL.unary ? a.text : parens(a)}`,
  level: LEVEL.unary,
});

export interface Infix {
  readonly symbol: string;
  readonly level: number;
}

export function infix({ symbol, level }: Infix, a: Piece, b: Piece): Piece {
  const chained = (p: Piece, need: number): string => (p.chain === symbol ? p.text : at(p, need));
  switch (level) {
    case LEVEL.logic:
      // Bit operations would be legal C here, and are not legal WGSL.
      return {
        text: `${chained(a, LEVEL.compare)} ${symbol} ${chained(b, LEVEL.compare)}`,
        level,
        chain: symbol,
      };
    case LEVEL.bit:
      return { text: `${chained(a, LEVEL.unary)} ${symbol} ${at(b, LEVEL.unary)}`, level, chain: symbol };
    case LEVEL.compare:
      // A shift beside `<` could be read as a template list.
      return { text: `${at(a, LEVEL.add)} ${symbol} ${at(b, LEVEL.add)}`, level };
    case LEVEL.shift:
      return { text: `${at(a, LEVEL.unary)} ${symbol} ${at(b, LEVEL.unary)}`, level };
    default:
      return { text: `${at(a, level)} ${symbol} ${at(b, level + 1)}`, level };
  }
}

/** A call. A comparison that opens with `<` beside a later `>` would be read as a template list, so it is wrapped. */
export function call(name: string, ...args: readonly Piece[]): Piece {
  const risky = args.some(
    (a, n) => a.text.includes('<') && args.slice(n + 1).some((b) => b.text.includes('>')),
  );
  const texts = args.map((a) => (risky && a.level <= LEVEL.shift ? parens(a) : a.text));
  return primary(`${name}(${texts.join(', ')})`);
}
