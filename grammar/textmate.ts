/** The grammar and the configuration that editors read, from the token tables. */
import { KEYWORDS, SCALAR_TYPES, STORAGE_TYPES } from './tokens.ts';

export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

const words = (all: readonly string[]): string => `\\b(?:${all.join('|')})\\b`;

/** One rule per scope: `match` finds every keyword that has it. */
function keywordRules(): Json[] {
  const scopes = [...new Set(KEYWORDS.map((row) => row.scope))];
  return scopes.map((scope) => ({
    match: words(KEYWORDS.filter((row) => row.scope === scope).map((row) => row.word)),
    name: `${scope}.attn`,
  }));
}

/** `attn.tmLanguage.json`. Rules are tried in order, so declarations come before the keywords that begin them. */
export function textMateGrammar(): Json {
  const declaration = (word: string, scope: string): Json => {
    const keyword = KEYWORDS.find((row) => row.word === word)!;
    return {
      match: `\\b(${word})\\s+([A-Za-z_]\\w*)`,
      captures: { '1': { name: `${keyword.scope}.attn` }, '2': { name: `${scope}.attn` } },
    };
  };
  const types = [...new Set([...STORAGE_TYPES, ...SCALAR_TYPES].map((t) => t.word))];
  return {
    name: 'attn',
    scopeName: 'source.attn',
    fileTypes: ['attn'],
    patterns: [
      { match: '//.*$', name: 'comment.line.double-slash.attn' },
      { match: '"[^"\\n]*"', name: 'string.quoted.double.attn' },
      declaration('fn', 'entity.name.function'),
      declaration('kernel', 'entity.name.class'),
      ...keywordRules(),
      { match: words(types), name: 'support.type.attn' },
      {
        match: '\\b(?:\\d+\\.(?!\\.)\\d*(?:[eE][+-]?\\d+)?|\\d+[eE][+-]?\\d+)',
        name: 'constant.numeric.float.attn',
      },
      { match: '\\.\\d+(?:[eE][+-]?\\d+)?', name: 'constant.numeric.float.attn' },
      { match: '\\b(?:0[xX][0-9a-fA-F]+|\\d+)\\b', name: 'constant.numeric.integer.attn' },
      { match: '\\b[A-Za-z_]\\w*(?=(?:\\[[^\\[\\]\\n]*\\])?\\()', name: 'entity.name.function.call.attn' },
      { match: '\\b[A-Z]\\w*\\b', name: 'variable.other.constant.size.attn' },
      { match: '\\b[A-Za-z_]\\w*\\b', name: 'variable.other.attn' },
      { match: '\\*\\*|==|!=|<=|>=|<<|>>|&&|\\|\\||\\.\\.|[-+*/%<>&|^!~=]', name: 'keyword.operator.attn' },
      { match: '[,:]', name: 'punctuation.separator.attn' },
      { match: '[{}]', name: 'punctuation.section.block.attn' },
      { match: '[()\\[\\]]', name: 'punctuation.section.brackets.attn' },
    ],
  };
}

/** `language-configuration.json`: comments, brackets and indentation. */
export function languageConfiguration(): Json {
  const pairs: Json = [
    ['{', '}'],
    ['[', ']'],
    ['(', ')'],
  ];
  return {
    comments: { lineComment: '//' },
    brackets: pairs,
    autoClosingPairs: [
      { open: '{', close: '}' },
      { open: '[', close: ']' },
      { open: '(', close: ')' },
      { open: '"', close: '"', notIn: ['string', 'comment'] },
    ],
    surroundingPairs: pairs,
    wordPattern: '[A-Za-z_][A-Za-z0-9_]*',
    indentationRules: { increaseIndentPattern: '^.*\\{[^}]*$', decreaseIndentPattern: '^\\s*\\}' },
  };
}

/** JSON in the layout of the house's formatter, so that formatting leaves generated files alone. */
export function jsonText(value: Json, indent = '', room = 110): string {
  const flat = JSON.stringify(value);
  if (typeof value !== 'object') return flat;
  const inner = `${indent}  `;
  if (isArray(value)) {
    const line = `[${value.map((v) => jsonText(v, '', Infinity)).join(', ')}]`;
    const plain = value.every((v) => typeof v !== 'object');
    if (value.length === 0 || (plain && indent.length + line.length <= room)) return line;
    return `[\n${value.map((v) => inner + jsonText(v, inner)).join(',\n')}\n${indent}]`;
  }
  const fields = Object.entries(value).map(([key, v]) => {
    const head = `${inner}${JSON.stringify(key)}: `;
    return head + jsonText(v, inner, 110 - (head.length - inner.length));
  });
  return `{\n${fields.join(',\n')}\n${indent}}`;
}

const isArray = (value: Json): value is readonly Json[] => Array.isArray(value);
