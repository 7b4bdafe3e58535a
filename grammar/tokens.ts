/**
 * Every token of the language. The tables below are the only list of keywords and type names: the lexer, the editor
 * grammar, completion and the formatter all read them.
 */
import { createToken, Lexer, type TokenType } from 'chevrotain';

/** What a keyword is for; decides where completion offers it. */
export type KeywordGroup = 'declaration' | 'item' | 'clause' | 'expression' | 'literal' | 'reserved';

export interface KeywordRow {
  readonly word: string;
  readonly group: KeywordGroup;
  readonly doc: string;
  /** TextMate scope, without the language suffix. */
  readonly scope: string;
}

const keyword = (word: string, group: KeywordGroup, scope: string, doc: string): KeywordRow => ({
  word,
  group,
  doc,
  scope,
});

/** Keywords, in the order in which documentation lists them. */
export const KEYWORDS: readonly KeywordRow[] = [
  keyword(
    'import',
    'declaration',
    'keyword.control.import',
    'Brings functions of another file or of `"std"` into scope.',
  ),
  keyword(
    'from',
    'clause',
    'keyword.control.from',
    'Names the file of an `import`; an ordinary name elsewhere.',
  ),
  keyword('fn', 'declaration', 'storage.type.function', 'Declares a function, expanded where it is called.'),
  keyword(
    'kernel',
    'declaration',
    'storage.type.kernel',
    'Declares a kernel: axes, inputs, definitions and outputs.',
  ),
  keyword('axes', 'item', 'storage.type.axes', 'Declares index names, their extents and their derivations.'),
  keyword(
    'in',
    'item',
    'storage.type.input',
    'Declares an input tensor; inside `sum[…]` it restricts an axis to a range.',
  ),
  keyword('param', 'item', 'storage.type.param', 'Declares a scalar that is chosen at each run.'),
  keyword(
    'const',
    'item',
    'storage.type.const',
    'Declares a scalar that is fixed when the kernel is compiled.',
  ),
  keyword(
    'require',
    'item',
    'keyword.control.require',
    'States a condition on sizes and params, checked before each run.',
  ),
  keyword(
    'mask',
    'item',
    'keyword.other.mask',
    'Keeps the elements for which the condition holds; the others do not exist.',
  ),
  keyword('let', 'item', 'storage.type.let', 'Defines a value.'),
  keyword('score', 'item', 'storage.type.score', 'Defines a value before normalising.'),
  keyword('normalize', 'item', 'storage.type.normalize', 'Defines weights made from scores.'),
  keyword('aggregate', 'item', 'storage.type.aggregate', 'Defines a weighted sum of values.'),
  keyword('gate', 'item', 'storage.type.gate', 'Defines a value that modulates an aggregate.'),
  keyword(
    'state',
    'item',
    'storage.type.state',
    'Declares a value that a recurrence carries from step to step.',
  ),
  keyword(
    'recurrence',
    'item',
    'keyword.control.recurrence',
    'Runs its assignments in order at every position of an axis, one position after the other.',
  ),
  keyword(
    'repeat',
    'item',
    'keyword.control.recurrence',
    'Runs its assignments in order as often as it says.',
  ),
  keyword(
    'over',
    'clause',
    'keyword.control.recurrence',
    'Names the axis of a `recurrence`; an ordinary name elsewhere.',
  ),
  keyword(
    'reverse',
    'clause',
    'keyword.control.recurrence',
    'Starts a `recurrence` at the last position; an ordinary name elsewhere.',
  ),
  keyword('out', 'item', 'storage.type.output', 'Exports a definition, or defines and exports it.'),
  keyword(
    'if',
    'expression',
    'keyword.control.conditional',
    'Chooses between two values: `if c then a else b`.',
  ),
  keyword(
    'then',
    'expression',
    'keyword.control.conditional',
    'The value where the condition of `if` holds.',
  ),
  keyword(
    'else',
    'expression',
    'keyword.control.conditional',
    'The value where the condition of `if` does not hold.',
  ),
  keyword('true', 'literal', 'constant.language.boolean', 'The condition that always holds.'),
  keyword('false', 'literal', 'constant.language.boolean', 'The condition that never holds.'),
  keyword('attend', 'reserved', 'invalid.illegal.reserved', 'Reserved for kernels of several branches.'),
];

export interface TypeRow {
  readonly word: string;
  readonly doc: string;
}

/** How elements of a tensor are stored: `in q: f16[…]`. */
export const STORAGE_TYPES: readonly TypeRow[] = [
  { word: 'f32', doc: '32-bit float.' },
  { word: 'f16', doc: '16-bit float in memory, computed as f32.' },
  { word: 'bf16', doc: 'bfloat16 in memory, computed as f32.' },
  { word: 'e4m3', doc: '8-bit float in memory with 4 bits of exponent, at most 448, computed as f32.' },
  { word: 'e5m2', doc: '8-bit float in memory with 5 bits of exponent, at most 57344, computed as f32.' },
  { word: 'i32', doc: 'Signed 32-bit integer.' },
  { word: 'i8', doc: 'Signed byte in memory, computed as i32.' },
  { word: 'u32', doc: 'Unsigned 32-bit integer.' },
  { word: 'u8', doc: 'Unsigned byte in memory, computed as u32.' },
  { word: 'bool', doc: 'One byte, 0 or 1.' },
];

/** Types of `param` and `const`. */
export const SCALAR_TYPES: readonly TypeRow[] = [
  { word: 'int', doc: 'Signed 32-bit integer.' },
  { word: 'uint', doc: 'Unsigned 32-bit integer.' },
  { word: 'float', doc: '32-bit float.' },
  { word: 'bool', doc: 'true or false.' },
];

/** Categories: abstract tokens that stand for several concrete ones. */
export const BinaryOperator = createToken({ name: 'BinaryOperator', pattern: Lexer.NA });
export const PrefixOperator = createToken({ name: 'PrefixOperator', pattern: Lexer.NA });
export const Role = createToken({ name: 'Role', pattern: Lexer.NA });
export const Scalar = createToken({ name: 'Scalar', pattern: Lexer.NA });
export const Boolean = createToken({ name: 'Boolean', pattern: Lexer.NA });
export const Reserved = createToken({ name: 'Reserved', pattern: Lexer.NA });

export const Identifier = createToken({ name: 'Identifier', pattern: /[A-Za-z_][A-Za-z0-9_]*/ });

const CATEGORY: Readonly<Record<string, TokenType>> = {
  let: Role,
  score: Role,
  normalize: Role,
  aggregate: Role,
  gate: Role,
  param: Scalar,
  const: Scalar,
  true: Boolean,
  false: Boolean,
  from: Identifier,
  over: Identifier,
  reverse: Identifier,
};

const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1);

const keywordTokens: readonly TokenType[] = KEYWORDS.map((row) => {
  const category = row.group === 'reserved' ? Reserved : CATEGORY[row.word];
  return createToken({
    name: capital(row.word),
    pattern: row.word,
    longer_alt: Identifier,
    ...(category ? { categories: [category] } : {}),
  });
});
const byWord = new Map(KEYWORDS.map((row, n) => [row.word, keywordTokens[n]!]));

/** The token type of a keyword; asking for a word that is not in `KEYWORDS` is a bug. */
export function keywordToken(word: string): TokenType {
  const found = byWord.get(word);
  if (!found) throw new Error(`no keyword ${word}`);
  return found;
}

// Skipped or kept aside.
const WhiteSpace = createToken({
  name: 'WhiteSpace',
  pattern: /[ \t\r\n\f\v\u00a0\ufeff]+/,
  group: Lexer.SKIPPED,
  line_breaks: true,
});
export const LineComment = createToken({
  name: 'LineComment',
  pattern: /\/\/[^\n\r]*/,
  start_chars_hint: ['/'],
  group: 'comments',
});
/** Not part of the language: lexed so that one clear error replaces many. It runs to the end when it is not closed. */
export const BlockComment = createToken({
  name: 'BlockComment',
  pattern: /\/\*[\s\S]*?(?:\*\/|(?![\s\S]))/,
  start_chars_hint: ['/'],
  group: 'mistakes',
  line_breaks: true,
});

// Literals. A digit run glued to letters is one bad token, or `2x` would read as two expressions.
const digits = '0123456789'.split('');
export const FloatLiteral = createToken({
  name: 'FloatLiteral',
  pattern: /(?:\d+\.(?!\.)\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(?![A-Za-z0-9_])/,
  start_chars_hint: [...digits, '.'],
});
export const IntLiteral = createToken({
  name: 'IntLiteral',
  pattern: /(?:0[xX][0-9a-fA-F]+|\d+)(?![A-Za-z0-9_])/,
  start_chars_hint: digits,
});
export const BadNumber = createToken({
  name: 'BadNumber',
  pattern: /\d+(?:\.(?!\.)\d*)?[A-Za-z0-9_]*/,
  start_chars_hint: digits,
});
export const StringLiteral = createToken({
  name: 'StringLiteral',
  pattern: /"[^"\n\r]*"/,
  start_chars_hint: ['"'],
});
export const BadString = createToken({ name: 'BadString', pattern: /"[^"\n\r]*/, start_chars_hint: ['"'] });

// Operators and punctuation; longer spellings come first.
const operator = (name: string, pattern: string, ...categories: TokenType[]): TokenType =>
  createToken({ name, pattern, categories: categories.length > 0 ? categories : [BinaryOperator] });
export const DotDot = createToken({ name: 'DotDot', pattern: '..' });
export const Colon = createToken({ name: 'Colon', pattern: ':' });
export const Comma = createToken({ name: 'Comma', pattern: ',' });
export const LParen = createToken({ name: 'LParen', pattern: '(' });
export const RParen = createToken({ name: 'RParen', pattern: ')' });
export const LSquare = createToken({ name: 'LSquare', pattern: '[' });
export const RSquare = createToken({ name: 'RSquare', pattern: ']' });
export const LCurly = createToken({ name: 'LCurly', pattern: '{' });
export const RCurly = createToken({ name: 'RCurly', pattern: '}' });
const StarStar = operator('StarStar', '**');
const EqualEqual = operator('EqualEqual', '==');
const BangEqual = operator('BangEqual', '!=');
const LessEqual = operator('LessEqual', '<=');
const GreaterEqual = operator('GreaterEqual', '>=');
const ShiftLeft = operator('ShiftLeft', '<<');
const ShiftRight = operator('ShiftRight', '>>');
const AndAnd = operator('AndAnd', '&&');
const OrOr = operator('OrOr', '||');
export const Equal = createToken({ name: 'Equal', pattern: '=' });

/** Order matters: the lexer takes the first that matches. */
export const TOKENS: readonly TokenType[] = [
  WhiteSpace,
  LineComment,
  BlockComment,
  ...keywordTokens,
  Identifier,
  FloatLiteral,
  IntLiteral,
  BadNumber,
  StringLiteral,
  BadString,
  StarStar,
  EqualEqual,
  BangEqual,
  LessEqual,
  GreaterEqual,
  ShiftLeft,
  ShiftRight,
  AndAnd,
  OrOr,
  DotDot,
  Equal,
  operator('Plus', '+'),
  operator('Minus', '-', BinaryOperator, PrefixOperator),
  operator('Star', '*'),
  operator('Slash', '/'),
  operator('Percent', '%'),
  operator('Less', '<'),
  operator('Greater', '>'),
  operator('And', '&'),
  operator('Or', '|'),
  operator('Caret', '^'),
  operator('Bang', '!', PrefixOperator),
  operator('Tilde', '~', PrefixOperator),
  Colon,
  Comma,
  LParen,
  RParen,
  LSquare,
  RSquare,
  LCurly,
  RCurly,
  BinaryOperator,
  PrefixOperator,
  Role,
  Scalar,
  Boolean,
  Reserved,
];

export const lexer = new Lexer([...TOKENS], { positionTracking: 'full', skipValidations: false });
