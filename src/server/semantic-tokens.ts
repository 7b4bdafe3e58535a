/** What each word of a document is, for colours that know more than the grammar of an editor. */
import type { IToken } from 'chevrotain';
import { KEYWORDS, SCALAR_TYPES, STORAGE_TYPES } from '../../grammar/tokens.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import type { Analysis, Named, Use } from './analysis.ts';

export const TOKEN_TYPES = [
  'comment', 'string', 'number', 'keyword', 'operator', 'type', 'class', 'function', 'parameter', 'variable', 'property',
  'typeParameter', 'enumMember',
] as const; // prettier-ignore
export type TokenKind = (typeof TOKEN_TYPES)[number];
export const TOKEN_MODIFIERS = ['declaration', 'readonly', 'defaultLibrary'] as const;
export type TokenModifier = (typeof TOKEN_MODIFIERS)[number];

export interface SemanticToken {
  readonly span: Span;
  readonly kind: TokenKind;
  readonly modifiers: readonly TokenModifier[];
}

/** Axes are what values are parametrised by, inputs are given to a kernel, and sizes and consts never change. */
const OF_SYMBOL: Readonly<Record<Named['kind'], TokenKind>> = {
  kernel: 'class',
  axis: 'typeParameter',
  'function axis': 'typeParameter',
  size: 'enumMember',
  const: 'enumMember',
  input: 'property',
  param: 'parameter',
  'function parameter': 'parameter',
  state: 'variable',
  definition: 'variable',
  'function let': 'variable',
  function: 'function',
  builtin: 'function',
};

const KEYWORD_WORDS = new Set(KEYWORDS.filter((k) => k.group !== 'clause').map((k) => k.word));
const TYPE_WORDS = new Set([...STORAGE_TYPES, ...SCALAR_TYPES].map((t) => t.word));

/** In the order of their places; none overlap, and none goes over a line break. */
export function semanticTokens(a: Analysis): SemanticToken[] {
  const uses = new Map(a.references.map((r) => [r.span.start, r]));
  const made = a.tokens.flatMap((t) => tokenKind(a, t, uses.get(t.startOffset)) ?? []);
  const comments = a.file.comments.map(({ span }): SemanticToken => ({
    span,
    kind: 'comment',
    modifiers: [],
  }));
  return [...made, ...comments]
    .sort((x, y) => x.span.start - y.span.start)
    .filter((t) => t.span.end > t.span.start && !/[\r\n]/.test(a.text.slice(t.span.start, t.span.end)));
}

function tokenKind(a: Analysis, t: IToken, use: Use | undefined): SemanticToken | undefined {
  const { image } = t;
  const span = { source: a.key, start: t.startOffset, end: t.startOffset + image.length };
  const plain = (kind: TokenKind): SemanticToken => ({ span, kind, modifiers: [] });
  if (image.startsWith('"')) return plain('string');
  if (/^[.\d]/.test(image) && /\d/.test(image)) return plain('number');
  if (!/^[A-Za-z_]/.test(image)) return /^[{}()[\],:]$/.test(image) ? undefined : plain('operator');
  if (use) return { span, kind: kindOf(use.symbol), modifiers: modifiersOf(use) };
  if (KEYWORD_WORDS.has(image) || /^(?:from|over|reverse)$/.test(image)) return plain('keyword');
  return TYPE_WORDS.has(image) ? plain('type') : undefined;
}

/** A constant of the language is called nowhere. */
const kindOf = (s: Named): TokenKind =>
  s.kind === 'builtin' && (s.name === 'inf' || s.name === 'pi') ? 'enumMember' : OF_SYMBOL[s.kind];

function modifiersOf({ span, symbol }: Use): TokenModifier[] {
  const home = symbol.span;
  const isHome = home?.source === span.source && home.start === span.start;
  const fromLibrary = symbol.kind === 'builtin' || home?.source.startsWith('std:') === true;
  return [
    ...(isHome ? (['declaration'] as const) : []),
    ...(['size', 'const', 'param', 'input'].includes(symbol.kind) ? (['readonly'] as const) : []),
    ...(fromLibrary ? (['defaultLibrary'] as const) : []),
  ];
}
