/** Errors of the parser as diagnostics: the right code, the place, and a hint where the mistake is a common one. */
import { EOF, type IRecognitionException, type IToken, tokenMatcher } from 'chevrotain';
import { Identifier, KEYWORDS, RCurly, RParen, RSquare } from '../../grammar/tokens.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { didYouMean, replacement, suggest } from '../diagnostics/suggest.ts';
import type { Builder } from './builder.ts';
import { openerOf, otherName } from './token-errors.ts';

const WORD_HINTS: Readonly<Record<string, string>> = {
  and: 'write `&&`',
  or: 'write `||`',
  not: 'write `!`',
  elif: 'write `else if`',
  where: 'write `if c then a else b`, or a `mask` line',
  for: 'a reduction or an index says it: `sum[j](x)`',
  def: 'functions start with `fn`',
  func: 'functions start with `fn`',
  function: 'functions start with `fn`',
  return: 'the last line of a function is its value; no `return` is needed',
  var: 'definitions start with `let`',
  input: 'inputs start with `in`',
  output: 'outputs start with `out`',
  normalise: 'write `normalize`',
  softmax: 'a definition needs a keyword and a name: `normalize p = softmax[j](s)`',
};

const ITEM_WORDS = KEYWORDS.filter((k) => k.group === 'item').map((k) => k.word);
const TOP_WORDS = KEYWORDS.filter((k) => k.group === 'declaration' || k.word === 'from').map((k) => k.word);
const KEYWORD_WORDS = new Set(KEYWORDS.map((k) => k.word));

/** One diagnostic for one error of the parser. */
export function parserError(b: Builder, tokens: readonly IToken[], error: IRecognitionException): Diagnostic {
  const token = error.token;
  const atEnd = token.tokenType === EOF;
  const end = b.text.trimEnd().length;
  const span = atEnd ? b.span(end, end) : b.tokenSpan(token, end);
  const rule = error.context.ruleStack.at(-1) ?? '';
  const closer = [RParen, RSquare, RCurly].find((t) => error.message.includes(`\`${t.PATTERN as string}\``));
  const opener = closer && openerOf(tokens, span.start, closer);
  const isKeyword = KEYWORD_WORDS.has(token.image) && !tokenMatcher(token, Identifier);
  const base = { severity: 'error', message: error.message, span } as const;
  if (isKeyword && /expected (a name|the name of an axis)/.test(error.message)) {
    const message = `\`${token.image}\` is a keyword and cannot be a name`;
    const fix = replacement(span, `${token.image}_`);
    return { ...base, code: 'E0106', message, hint: otherName(token.image), fix };
  }
  if (rule === 'operand' && error.context.ruleStack.at(-3) === 'fnBody' && token.tokenType === RCurly) {
    const hint = swallowed(b, tokens, span.start)
      ? 'a line that starts with `-` continues the line above: put the value in parentheses'
      : 'the last line of a function body is an expression';
    return { ...base, code: 'E0112', message: 'this function has no value', hint };
  }
  const hint = hintFor(b, tokens, error, rule);
  // At the end of the text, or where an item begins, the bracket is what is wrong.
  const closes = [RParen, RSquare, RCurly].includes(token.tokenType);
  if (opener && (atEnd || isKeyword || closes) && !error.message.includes('expected an expression')) {
    const labels = [{ span: b.tokenSpan(opener), text: 'opened here' }];
    return { ...base, code: 'E0115', labels, ...(hint === undefined ? {} : { hint }) };
  }
  const near = nearWord(token, rule);
  const fix = near !== undefined && hint?.includes(`\`${near}\``) ? { fix: replacement(span, near) } : {};
  return { ...base, code: 'E0101', ...(hint === undefined ? {} : { hint }), ...fix };
}

/** The keyword that a name in the place of one was probably meant to be. */
function nearWord(token: IToken, rule: string): string | undefined {
  if (!tokenMatcher(token, Identifier)) return undefined;
  if (rule === 'kernelDecl') return suggest(token.image, ITEM_WORDS);
  return rule === 'file' || rule === 'declaration' ? suggest(token.image, TOP_WORDS) : undefined;
}

function hintFor(
  b: Builder,
  tokens: readonly IToken[],
  error: IRecognitionException,
  rule: string,
): string | undefined {
  const token = error.token;
  const previous = tokens.findLast((t) => t.startOffset < token.startOffset);
  const before = previous?.image ?? '';
  const next = b.text.slice(token.startOffset + token.image.length).trimStart();
  if (Object.hasOwn(WORD_HINTS, token.image)) return WORD_HINTS[token.image];
  const step = stepHint(token, rule, before);
  if (step !== undefined) return step;
  if (token.image === '=' && !['axisDecl', 'bracketArg'].includes(rule)) return 'to compare, write `==`';
  if (token.image === '*' && before === '*') return 'a power is written `a ** b`';
  if ((token.image === '(' || token.image === '[') && endsOperand(previous)) {
    return `the \`${token.image}\` of a call or an index stands on the same line as its name`;
  }
  const isName = tokenMatcher(token, Identifier);
  if (isName && rule === 'kernelDecl') {
    const near = didYouMean(token.image, ITEM_WORDS);
    if (near !== undefined) return near;
    const isState = tokens.some((t, n) => t.image === token.image && tokens[n - 1]?.image === 'state');
    if (isState) return `a state is assigned inside of \`recurrence over t { ${clip(token.image)} = … }\``;
    if (next.startsWith('=') && !next.startsWith('=='))
      return `a definition starts with a keyword: \`let ${clip(token.image)} = …\``;
  }
  if (rule === 'file' || rule === 'declaration') {
    if (ITEM_WORDS.includes(token.image)) return 'items stand inside `kernel NAME { … }`';
    if (token.image === '}') return 'this `}` closes nothing';
    if (isName) return didYouMean(token.image, TOP_WORDS);
  }
  return undefined;
}

/** Mistakes in the head of a recurrence and in its statements. */
function stepHint(token: IToken, rule: string, before: string): string | undefined {
  if (rule === 'step') {
    const update =
      /^[-+*/%&|^]$/.test(token.image) && `write \`${clip(before)} = ${clip(before)} ${token.image} …\``;
    return update || 'a statement of a recurrence gives a value to a name: `S = …`';
  }
  if (rule !== 'recurrenceItem' && rule !== 'repeatItem') return undefined;
  if (token.image === 'recurrence' || token.image === 'repeat')
    return 'recurrences do not nest; a second block can read the values of this one';
  if (ITEM_WORDS.includes(token.image)) return 'only assignments and definitions stand in a recurrence';
  if (rule === 'repeatItem') return 'it is written `repeat 6 { S = … }`';
  return 'it is written `recurrence over t { … }`, or `recurrence over t reverse { … }`';
}

/** Whether the last line before `offset` starts with a minus, which made it a part of the `let` above. */
function swallowed(b: Builder, tokens: readonly IToken[], offset: number): boolean {
  const before = b.text.slice(0, offset).trimEnd();
  const start = Math.max(before.lastIndexOf('\n'), before.lastIndexOf('\r')) + 1;
  const first = tokens.find((t) => t.startOffset >= start);
  return first?.image === '-' && first.startOffset < offset;
}

const clip = (text: string): string => (text.length > 40 ? `${text.slice(0, 37)}...` : text);

function endsOperand(token: IToken | undefined): boolean {
  return (
    token !== undefined && (tokenMatcher(token, Identifier) || [RParen, RSquare].includes(token.tokenType))
  );
}
