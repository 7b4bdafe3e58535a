/** What can be written at a cursor: keywords and snippets, types, names, functions of the file and of the library. */
import { KEYWORDS, SCALAR_TYPES, STORAGE_TYPES, type TypeRow } from '../../grammar/tokens.ts';
import { CALLABLE_NAMES, builtinDoc, CONSTANTS, isReduction } from '../model/builtins.ts';
import { fnDetail, standardScope } from '../model/functions.ts';
import type { FnScope, ModelSymbol } from '../model/model.ts';
import type { FnDecl } from '../syntax/ast.ts';
import { functionAt, kernelAt, type Analysis } from './analysis.ts';
import { cursorAt, type Cursor } from './cursor.ts';
import { SNIPPETS, type Snippet } from './snippets.ts';

export type CompletionKind =
  | 'keyword' | 'snippet' | 'type' | 'axis' | 'size' | 'value' | 'parameter' | 'function' | 'constant' | 'file'; // prettier-ignore

export interface Completion {
  readonly label: string;
  readonly kind: CompletionKind;
  readonly detail?: string;
  readonly doc?: string;
  /** What is written; `$1` and `${1:text}` are places to fill in. By default the label. */
  readonly snippet?: string;
  /** Lower comes first. */
  readonly rank: number;
}

/** @param files paths that an import could name, relative to this document */
export function completionsAt(
  a: Analysis,
  offset: number,
  files: () => readonly string[] = () => [],
): Completion[] {
  const c = cursorAt(a, offset);
  if (c.inText === 'comment') return [];
  if (c.inText === 'string') return c.head?.image === 'import' ? importPaths(files()) : [];
  const inside = c.open.at(-1);
  if (c.head?.image === 'import' && inside?.kind === '{') return importedNames(a, offset);
  if (inside === undefined) return topLevel(c);
  if (c.previous?.image === ':' && inside.kind === '{') return typesFor(c.head?.image);
  if (inside.kind === '{' && startsStatement(a, c, offset)) return statements(a, c, offset);
  if (c.previous && NAMING.has(c.previous.image) && inside.kind === '{') return [];
  return expression(a, c, offset);
}

/** Words behind which a new name is written. */
const NAMING = new Set([
  'kernel', 'fn', 'axes', 'in', 'param', 'const', 'let', 'score', 'normalize', 'aggregate', 'gate', 'state',
]); // prettier-ignore

/** Nothing of a statement stands before the cursor: it is the first on its line, or behind an opening brace. */
function startsStatement(a: Analysis, { previous, word, open }: Cursor, offset: number): boolean {
  if (previous === open.at(-1)?.at) return true;
  const at = word?.startOffset ?? offset;
  const line = a.text.slice(a.lines.startOf(a.lines.placeOf(at).line), at);
  const goesOn =
    previous && /^(?:[-+*/%&|^~=<>!,:(]|\*\*|&&|\|\||then|else|if|over|\.\.)$/.test(previous.image);
  return line.trim() === '' && !goesOn;
}

const keywords = (groups: readonly string[], rank: number): Completion[] =>
  KEYWORDS.filter((k) => groups.includes(k.group)).map((k) => ({
    label: k.word,
    kind: 'keyword',
    doc: k.doc,
    rank,
  }));

const snippets = (place: Snippet['place']): Completion[] =>
  SNIPPETS.filter((s) => s.place === place).map((s) => ({
    label: s.prefix,
    kind: 'snippet',
    detail: s.title,
    snippet: s.body.join('\n'),
    rank: 1,
  }));

const topLevel = (c: Cursor): Completion[] =>
  c.previous && NAMING.has(c.previous.image) ? [] : [...keywords(['declaration'], 2), ...snippets('file')];

const types = (rows: readonly TypeRow[]): Completion[] =>
  rows.map((t) => ({ label: t.word, kind: 'type', doc: t.doc, rank: 0 }));

function typesFor(head: string | undefined): Completion[] {
  if (head === 'param' || head === 'const') return types(SCALAR_TYPES);
  return head === 'in' || head === 'out' || head === 'state' ? types(STORAGE_TYPES) : [];
}

function statements(a: Analysis, c: Cursor, offset: number): Completion[] {
  const kernel = kernelAt(a, offset);
  if (functionAt(a, offset) || !kernel) return expression(a, c, offset, keywords([], 0));
  const inSteps = c.open.length > 1;
  const states = kernel.model.symbols.filter((s) => s.kind === 'state').map((s) => fromSymbol(s, 0));
  if (inSteps) return [...states, ...keywords(['item'], 2).filter((k) => ROLES.has(k.label))];
  return [...keywords(['item'], 2), ...snippets('kernel')];
}
const ROLES = new Set(['let', 'score', 'normalize', 'aggregate', 'gate']);

function expression(a: Analysis, c: Cursor, offset: number, more: readonly Completion[] = []): Completion[] {
  const kernel = kernelAt(a, offset);
  const fn = functionAt(a, offset);
  const inside = c.open.at(-1);
  const axesFirst = inside?.kind === '[';
  const own = fn ? localsOf(fn, offset) : (kernel?.model.symbols ?? []);
  const values = own.map((s) => fromSymbol(s, axesFirst && s.kind.endsWith('axis') ? 0 : 1));
  const words = keywords(['expression', 'literal'], 3);
  return [...values, ...functions(a.model.fns), ...builtins(), ...words, ...more];
}

function localsOf(fn: FnDecl, offset: number): ModelSymbol[] {
  const lets = fn.lets.filter((l) => l.span.end <= offset).map((l) => l.name);
  const make =
    (kind: ModelSymbol['kind']) =>
    (n: { text: string }): ModelSymbol => ({
      kind,
      name: n.text,
      detail: `${kind} ${n.text}`,
    });
  return [
    ...fn.axes.map(make('function axis')),
    ...fn.params.map(make('function parameter')),
    ...lets.map(make('function let')),
  ];
}

const KINDS: Readonly<Partial<Record<ModelSymbol['kind'], CompletionKind>>> = {
  axis: 'axis',
  'function axis': 'axis',
  size: 'size',
  param: 'parameter',
  const: 'constant',
  'function parameter': 'parameter',
};

const fromSymbol = (s: ModelSymbol, rank: number): Completion => ({
  label: s.name,
  kind: KINDS[s.kind] ?? 'value',
  detail: s.detail,
  ...(s.doc === undefined ? {} : { doc: s.doc }),
  rank,
});

function functions(scope: FnScope): Completion[] {
  return [...scope.names()].flatMap((name) => {
    const decl = scope.lookup(name)?.decl;
    return decl ? [fromFunction(decl)] : [];
  });
}

function fromFunction(decl: FnDecl): Completion {
  const places = [...decl.axes, ...decl.params].map((n, at) => `\${${at + 1}:${n.text}}`);
  const axes = places.slice(0, decl.axes.length).join(', ');
  const params = places.slice(decl.axes.length).join(', ');
  return {
    label: decl.name.text,
    kind: 'function',
    detail: fnDetail(decl),
    ...(decl.doc === undefined ? {} : { doc: decl.doc }),
    snippet: `${decl.name.text}${axes ? `[${axes}]` : ''}(${params})`,
    rank: 2,
  };
}

function builtins(): Completion[] {
  const callable = [...new Set(CALLABLE_NAMES)].map((name): Completion => {
    const doc = builtinDoc(name);
    const snippet =
      isReduction(name) && name !== 'max' && name !== 'min' ? `${name}[\${1:j}](\${2:x})` : `${name}($1)`;
    return { label: name, kind: 'function', ...(doc === undefined ? {} : { doc }), snippet, rank: 2 };
  });
  const constants = Object.entries(CONSTANTS).map(([label, { doc }]): Completion => ({
    label,
    kind: 'constant',
    doc,
    rank: 3,
  }));
  return [...callable, ...constants];
}

function importPaths(files: readonly string[]): Completion[] {
  const std: Completion = { label: 'std', kind: 'file', doc: 'The standard library.', rank: 0 };
  return [std, ...files.map((label): Completion => ({ label, kind: 'file', rank: 1 }))];
}

/** Functions of the file that the import names, or of the library. */
function importedNames(a: Analysis, offset: number): Completion[] {
  const own = a.file.imports.find((i) => i.span.start <= offset && offset <= i.span.end);
  const scope = own && own.from !== 'std' ? a.model.fns : standardScope();
  return functions(scope).map(({ snippet: _, ...c }) => c);
}
