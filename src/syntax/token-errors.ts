/** Errors that show in the tokens alone, before any rule is tried: foreign characters, bad literals, deep nesting. */
import type { ILexingError, IToken, TokenType } from 'chevrotain';
import {
  BadNumber,
  BadString,
  Colon,
  Equal,
  Identifier,
  keywordToken,
  KEYWORDS,
  LCurly,
  LParen,
  LSquare,
  RCurly,
  RParen,
  RSquare,
} from '../../grammar/tokens.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { Builder } from './builder.ts';

/** Deeper nesting would use up the stack of the parser, or of a later stage. */
export const MAX_NESTING = 100;

const CHARACTER_HINTS: Readonly<Record<string, string>> = {
  ';': 'items need no semicolon',
  '#': 'comments start with `//`',
  '?': 'write `if c then a else b`',
  "'": 'text in quotes uses `"`',
  '`': 'text in quotes uses `"`',
  '“': 'text in quotes uses `"`',
  '”': 'text in quotes uses `"`',
  '.': 'a range is written `a..b`; values have no members',
  '@': 'to multiply matrices, write the sum: `sum[d](a * b)`',
  '∞': 'an empty `max` is minus infinity; elements are removed with `mask`',
  '√': 'write `sqrt(x)`',
  Σ: 'write `sum[j](x)`',
  '∑': 'write `sum[j](x)`',
};

/** Other spellings of operators. */
const OPERATORS: Readonly<Record<string, string>> = {
  '≤': '<=',
  '≥': '>=',
  '≠': '!=',
  '×': '*',
  '·': '*',
  '÷': '/',
  '−': '-',
};

/** Errors of the lexer: runs of characters that start no token. */
export function characterErrors(b: Builder, errors: readonly ILexingError[]): void {
  for (const { offset } of errors) {
    const point = b.text.codePointAt(offset) ?? 0;
    const char = String.fromCodePoint(point);
    // Control characters and lone surrogates cannot be shown.
    const printable = !/[\p{C}\p{Z}]/u.test(char);
    const shown = printable ? `\`${char}\`` : `U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
    const letter = /\p{L}/u.test(char) ? 'names consist of the letters A to Z, digits and `_`' : undefined;
    const operator = OPERATORS[char];
    const hint = operator === undefined ? (CHARACTER_HINTS[char] ?? letter) : `write \`${operator}\``;
    b.error('E0102', `unexpected character ${shown}`, b.span(offset, offset + char.length), hint, operator);
  }
}

/** Literals and words that are never right. */
export function wordErrors(b: Builder, tokens: readonly IToken[], limit: number): void {
  for (const token of tokens) {
    if (b.diagnostics.length >= limit) return;
    if (token.tokenType === BadNumber) badNumber(b, token);
    else if (token.tokenType === BadString) {
      b.error(
        'E0104',
        'this string has no closing quote',
        b.tokenSpan(token),
        'strings end on the line on which they start',
      );
    } else if (RESERVED.has(token.tokenType)) {
      const hint = `\`${token.image}\` is a reserved word; as a name, write \`${token.image}_\``;
      b.error('E0107', `\`${token.image}\` is not supported yet`, b.tokenSpan(token), hint);
    }
  }
}
const RESERVED = new Set(KEYWORDS.filter((k) => k.group === 'reserved').map((k) => keywordToken(k.word)));

function badNumber(b: Builder, token: IToken): void {
  const shown = token.image.length > 40 ? `${token.image.slice(0, 37)}...` : token.image;
  const product = /^(?!0[xX])(\d+)([A-Za-z_]\w*)$/.exec(token.image);
  const hint =
    product && token.image.length <= 40 ? `to multiply, write \`${product[1]} * ${product[2]}\`` : undefined;
  const text = hint && product ? `${product[1]} * ${product[2]}` : undefined;
  b.error('E0103', `malformed number \`${shown}\``, b.tokenSpan(token), hint, text);
}

export function blockComments(b: Builder, tokens: readonly IToken[]): void {
  for (const token of tokens) {
    const start = token.startOffset;
    b.error(
      'E0114',
      'comments start with `//`',
      b.span(start, start + 2),
      'each line of a comment has its own `//`',
    );
  }
}

/** What follows the name in a declaration, by its keyword. */
const AFTER_NAME = new Map<TokenType, readonly TokenType[]>([
  [keywordToken('fn'), [LParen, LSquare]],
  [keywordToken('kernel'), [LCurly]],
  ...['in', 'param', 'const', 'state'].map((word) => [keywordToken(word), [Colon]] as const),
  [keywordToken('out'), [Colon, Equal]],
  ...['let', 'score', 'normalize', 'aggregate', 'gate'].map(
    (word) => [keywordToken(word), [Equal, LSquare]] as const,
  ),
]);
const NAMED_BY = new Map(KEYWORDS.filter((k) => k.group !== 'clause').map((k) => [keywordToken(k.word), k]));

/**
 * Reports keywords that were meant as the name of a declaration (`in gate: f32`) and gives the tokens back with those
 * words as names, so that the declaration exists and nothing else is said about it.
 */
export function keywordsAsNames(b: Builder, tokens: readonly IToken[]): IToken[] {
  return tokens.map((token, n) => {
    const row = NAMED_BY.get(token.tokenType);
    const before = tokens[n - 1]?.tokenType;
    const after = tokens[n + 1]?.tokenType;
    if (!row || !before || !after || !AFTER_NAME.get(before)?.includes(after)) return token;
    // In `sum[j in if (c) …]` the keyword starts an expression.
    if (row.group === 'expression' || row.group === 'literal') return token;
    b.error(
      'E0106',
      `\`${row.word}\` is a keyword and cannot be a name`,
      b.tokenSpan(token),
      otherName(row.word),
    );
    return { ...token, tokenType: Identifier, tokenTypeIdx: Identifier.tokenTypeIdx! };
  });
}

/** The hint for a keyword in the place of a name. */
export const otherName = (word: string): string => `choose another name, such as \`${word}_\``;

const CLOSER = new Map<TokenType, TokenType>([
  [LParen, RParen],
  [LSquare, RSquare],
  [LCurly, RCurly],
]);
const CLOSERS = new Set(CLOSER.values());
const IF = keywordToken('if');
const RESETS = new Set(
  KEYWORDS.filter((k) => k.group === 'item' && k.word !== 'in').map((k) => keywordToken(k.word)),
);

/** The first token that nests too deep, if there is one. An `if` nests until the next comma, bracket or item. */
export function tooDeep(tokens: readonly IToken[]): IToken | undefined {
  const stack: number[] = [];
  let depth = 0;
  let ifs = 0;
  for (const token of tokens) {
    const type = token.tokenType;
    if (CLOSER.has(type)) {
      stack.push(ifs);
      depth += ifs + 1;
      ifs = 0;
    } else if (CLOSERS.has(type)) {
      ifs = stack.pop() ?? 0;
      depth = Math.max(0, depth - ifs - 1);
    } else if (type === IF) ifs++;
    else if (type.name === 'Comma' || RESETS.has(type)) ifs = 0;
    if (depth + ifs > MAX_NESTING) return token;
  }
  return undefined;
}

/** The innermost bracket that is open before `offset`, of the kind that `closer` closes. */
export function openerOf(tokens: readonly IToken[], offset: number, closer: TokenType): IToken | undefined {
  const stack: IToken[] = [];
  for (const token of tokens) {
    if (token.startOffset >= offset) break;
    if (CLOSER.has(token.tokenType)) stack.push(token);
    else if (CLOSERS.has(token.tokenType)) {
      if (stack.length > 0 && CLOSER.get(stack.at(-1)!.tokenType) === token.tokenType) stack.pop();
    }
  }
  const top = stack.at(-1);
  return top && CLOSER.get(top.tokenType) === closer ? top : undefined;
}

/** Keeps the first error of each line, since the others are mostly its consequences. */
export function firstOfEachLine(b: Builder, all: readonly Diagnostic[]): Diagnostic[] {
  const sorted = [...all].sort((x, y) => (x.span?.start ?? 0) - (y.span?.start ?? 0));
  let until = -1;
  return sorted.filter((d) => {
    const at = d.span?.start ?? 0;
    if (at < until) return false;
    const end = b.text.indexOf('\n', at);
    until = end < 0 ? Infinity : end + 1;
    return true;
  });
}
