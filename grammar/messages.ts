/** What the parser says, per rule, in the words of the language rather than of the grammar. */
import { EOF, type IParserErrorMessageProvider, type IToken, type TokenType, tokenMatcher } from 'chevrotain';
import { BadNumber, BadString, Identifier, KEYWORDS, StringLiteral } from './tokens.ts';

const KEYWORD_NAMES = new Map(KEYWORDS.map((row) => [row.word.toLowerCase(), row.word]));

const PUNCTUATION: Readonly<Record<string, string>> = {
  Colon: '`:`',
  Comma: '`,`',
  Equal: '`=`',
  LParen: '`(`',
  RParen: '`)`',
  LSquare: '`[`',
  RSquare: '`]`',
  LCurly: '`{`',
  RCurly: '`}`',
  DotDot: '`..`',
};

/** How a token that was found is named in a message. */
export function describeFound(token: IToken): string {
  if (token.tokenType === EOF) return 'the end of the file';
  if (token.tokenType === StringLiteral) return 'a string';
  if (token.tokenType === BadString) return 'a string without its closing quote';
  if (token.tokenType === BadNumber) return `the malformed number \`${clip(token.image)}\``;
  if (KEYWORD_NAMES.has(token.image) && !tokenMatcher(token, Identifier))
    return `the keyword \`${token.image}\``;
  return `\`${clip(token.image)}\``;
}

const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 37)}...` : text);

function describeExpected(type: TokenType, rule: string): string {
  if (type === Identifier) {
    if (rule === 'tensorType') return 'a storage type such as `f32` or `f16`';
    if (rule === 'axisDecl' || rule === 'recurrenceItem') return 'the name of an axis';
    return 'a name';
  }
  if (type === EOF) return '`kernel`, `fn` or `import`';
  if (type.name === 'StringLiteral') return 'a file name in quotes, or `{`';
  const word = KEYWORD_NAMES.get(type.name.toLowerCase());
  return word === undefined ? (PUNCTUATION[type.name] ?? type.name) : `\`${word}\``;
}

/** What may stand at the place where `rule` met a token it did not want. */
function expectedIn(rule: string, type: TokenType, previous: IToken | undefined): string {
  const wanted = describeExpected(type, rule);
  if (rule === 'kernelDecl' && type.name === 'RCurly') {
    const item = 'an item such as `in`, `let` or `out`, or `}`';
    return previous?.image === '{' ? item : `an operator, ${item}`;
  }
  if ((rule === 'recurrenceItem' || rule === 'repeatItem') && type.name === 'RCurly') {
    const step = 'an assignment such as `S = …`, or `}`';
    return previous?.image === '{' ? step : `an operator, ${step}`;
  }
  if (rule === 'suffix' && type.name === 'RSquare') return 'an operator, `,` or `]`';
  if (rule === 'suffix' && type.name === 'RParen') return 'an operator, `,` or `)`';
  if (rule === 'operand' && type.name === 'RParen') return 'an operator or `)`';
  if (rule === 'fnBody' && type.name === 'RCurly') return 'an operator or `}`';
  if (rule === 'tensorType' && type.name === 'RSquare') return 'an operator, `,` or `]`';
  if (rule === 'indexNames' && type.name === 'RSquare') return '`,` or `]`';
  if (rule === 'ifExpression') return `an operator or ${wanted}`;
  if (rule === 'fnDecl' && type.name === 'RParen') return '`,` or `)`';
  return wanted;
}

const ALTERNATIVES: Readonly<Record<string, string>> = {
  declaration: '`kernel`, `fn` or `import`',
  fnDecl: '`=` or `{` and the value of the function',
  item: 'an item such as `in`, `let` or `out`',
  step: 'an assignment such as `S = …`',
  operand: 'an expression',
  suffix: '`[` or `(`',
  bracketArg: '`in` or `=`',
};

export const messages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual, previous, ruleName }) =>
    `expected ${expectedIn(ruleName, expected, previous)}, found ${describeFound(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) =>
    `expected \`kernel\`, \`fn\` or \`import\`, found ${describeFound(firstRedundant)}`,
  buildNoViableAltMessage: ({ actual, ruleName }) =>
    `expected ${ALTERNATIVES[ruleName] ?? 'something else'}, found ${describeFound(actual[0]!)}`,
  buildEarlyExitMessage: ({ actual, ruleName }) =>
    `expected ${ALTERNATIVES[ruleName] ?? 'something more'}, found ${describeFound(actual[0]!)}`,
};
