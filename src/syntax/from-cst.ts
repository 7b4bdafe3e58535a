/** Concrete tree to surface tree. Tolerant: whatever recovery left out becomes an `error` node or is left out as well. */
import type { CstNode, IToken } from 'chevrotain';
import type {
  AxesItemCstNode,
  DefItemCstNode,
  FileCstNode,
  FnDeclCstNode,
  ImportDeclCstNode,
  IndexNamesCstNode,
  InItemCstNode,
  ItemCstNode,
  KernelDeclCstNode,
  LetStatementCstNode,
  NameListCstNode,
  OutItemCstNode,
  RecurrenceItemCstNode,
  RepeatItemCstNode,
  ScalarItemCstNode,
  StateItemCstNode,
  StepCstNode,
  TensorTypeCstNode,
} from '../../grammar/cst.ts';
import { SCALAR_TYPES, STORAGE_TYPES } from '../../grammar/tokens.ts';
import { suggest } from '../diagnostics/suggest.ts';
import { STORAGE, type StorageType } from '../expr/types.ts';
import type {
  AxisDecl,
  FnDecl,
  ImportDecl,
  Item,
  KernelDecl,
  LetStmt,
  Name,
  SourceFile,
  Step,
  TensorType,
} from './ast.ts';
import type { Builder } from './builder.ts';
import type { Docs } from './docs.ts';
import { buildExpression, buildExpressions } from './from-cst-expr.ts';

/** Translates a whole file; errors found on the way are added to the builder. */
export function buildFile(b: Builder, docs: Docs, node: FileCstNode): SourceFile {
  const all = node.children.declaration ?? [];
  return {
    kind: 'file',
    source: b.source,
    imports: all.flatMap((d) => (d.children.importDecl ?? []).flatMap((i) => importDecl(b, i))),
    fns: all.flatMap((d) => (d.children.fnDecl ?? []).flatMap((f) => fnDecl(b, docs, f))),
    kernels: all.flatMap((d) => (d.children.kernelDecl ?? []).flatMap((k) => kernelDecl(b, docs, k))),
    comments: docs.comments,
    text: b.text,
    span: b.span(0, b.text.length),
  };
}

function importDecl(b: Builder, node: ImportDeclCstNode): ImportDecl[] {
  const file = node.children.StringLiteral?.[0];
  if (!file) return [];
  const names = node.children.LCurly ? { names: (node.children.Identifier ?? []).map((t) => b.name(t)) } : {};
  const from = file.image.slice(1, -1);
  return [{ kind: 'import', ...names, from, fromSpan: b.tokenSpan(file), span: b.nodeSpan(node) }];
}

const nameList = (b: Builder, node: NameListCstNode | undefined): Name[] =>
  (node?.children.Identifier ?? []).map((t) => b.name(t));

function indexNames(b: Builder, node: IndexNamesCstNode | undefined): Name[] | undefined {
  return node && nameList(b, node.children.nameList?.[0]);
}

function fnDecl(b: Builder, docs: Docs, node: FnDeclCstNode): FnDecl[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const body = c.fnBody?.[0];
  return [
    {
      kind: 'fn',
      name: b.name(name),
      axes: indexNames(b, c.indexNames?.[0]) ?? [],
      params: nameList(b, c.nameList?.[0]),
      lets: (body?.children.letStatement ?? []).flatMap((l) => letStatement(b, l)),
      result: buildExpression(b, body?.children.expression?.[0] ?? c.expression?.[0], span.end),
      ...docs.of(span.start, span.end),
      span,
    },
  ];
}

function letStatement(b: Builder, node: LetStatementCstNode): LetStmt[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const indices = indexNames(b, c.indexNames?.[0]);
  const value = buildExpression(b, c.expression?.[0], span.end);
  return [{ kind: 'let', name: b.name(name), ...(indices ? { indices } : {}), value, span }];
}

function kernelDecl(b: Builder, docs: Docs, node: KernelDeclCstNode): KernelDecl[] {
  const name = node.children.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const items = numbered((node.children.item ?? []).flatMap((i) => item(b, docs, i)));
  return [{ kind: 'kernel', name: b.name(name), items, ...docs.of(span.start, span.end, false), span }];
}

function item(b: Builder, docs: Docs, node: ItemCstNode): Item[] {
  const c = node.children;
  if (c.axesItem?.[0]) return axesItem(b, docs, c.axesItem[0]);
  if (c.inItem?.[0]) return inItem(b, docs, c.inItem[0]);
  if (c.scalarItem?.[0]) return scalarItem(b, docs, c.scalarItem[0]);
  if (c.defItem?.[0]) return defItem(b, docs, c.defItem[0]);
  if (c.outItem?.[0]) return outItem(b, docs, c.outItem[0]);
  if (c.stateItem?.[0]) return stateItem(b, docs, c.stateItem[0]);
  if (c.recurrenceItem?.[0]) return recurrenceItem(b, docs, c.recurrenceItem[0]);
  if (c.repeatItem?.[0]) return repeatItem(b, docs, c.repeatItem[0]);
  const condition = c.requireItem?.[0] ?? c.maskItem?.[0];
  if (!condition) return [];
  const span = b.nodeSpan(condition);
  const value = buildExpression(b, condition.children.expression?.[0], span.end);
  if (condition.name === 'requireItem') return [{ kind: 'require', condition: value, span }];
  return [{ kind: 'mask', value, ...docs.of(span.start, span.end), span }];
}

function axesItem(b: Builder, docs: Docs, node: AxesItemCstNode): Item[] {
  const span = b.nodeSpan(node);
  const nodes = node.children.axisDecl ?? [];
  const lineAt = (part: CstNode, side: 'start' | 'end'): number => {
    const place = b.nodeSpan(part);
    return docs.lineOf(side === 'start' ? place.start : Math.max(place.start, place.end - 1));
  };
  const severalLines = lineAt(node, 'start') < lineAt(node, 'end');
  const axes = nodes.flatMap((decl, n): AxisDecl[] => {
    const name = decl.children.Identifier?.[0];
    if (!name) return [];
    const own = b.nodeSpan(decl);
    const values = decl.children.expression ?? [];
    const extent = buildExpression(b, values[0], own.end);
    const derived = decl.children.Equal ? { derived: buildExpression(b, values[1], own.end) } : {};
    // A comment behind several axes of one line is about all of them, and is the item's.
    const lastOfLine = nodes[n + 1] === undefined || lineAt(nodes[n + 1]!, 'start') > lineAt(decl, 'end');
    const firstOfLine = n === 0 || lineAt(nodes[n - 1]!, 'end') < lineAt(decl, 'start');
    const doc = severalLines && firstOfLine && lastOfLine ? docs.of(own.start, own.end) : {};
    return [{ name: b.name(name), extent, ...derived, ...doc, span: own }];
  });
  return [{ kind: 'axes', axes, ...docs.of(span.start, span.end, !severalLines), span }];
}

function inItem(b: Builder, docs: Docs, node: InItemCstNode): Item[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const type = declaredType(b, c.tensorType?.[0], span.end);
  const value = c.Equal ? { default: buildExpression(b, c.expression?.[0], span.end) } : {};
  return [{ kind: 'in', name: b.name(name), type, ...value, ...docs.of(span.start, span.end), span }];
}

const declaredType = (b: Builder, node: TensorTypeCstNode | undefined, end: number): TensorType =>
  node ? tensorType(b, node) : { dims: [], span: b.span(end, end) };

function tensorType(b: Builder, node: TensorTypeCstNode): TensorType {
  const span = b.nodeSpan(node);
  const dims = buildExpressions(b, node.children.expressionList?.[0]);
  const token = node.children.Identifier?.[0];
  if (!token) return { dims, span };
  const storage = isStorage(token.image) ? { storage: token.image } : {};
  if (!isStorage(token.image))
    unknownType(
      b,
      token,
      'storage',
      STORAGE_TYPES.map((t) => t.word),
    );
  return { ...storage, storageSpan: b.tokenSpan(token), dims, span };
}
const isStorage = (text: string): text is StorageType => Object.hasOwn(STORAGE, text);

function unknownType(
  b: Builder,
  token: IToken,
  what: string,
  words: readonly string[],
  known?: string,
): void {
  const list = words.map((w) => `\`${w}\``).join(', ');
  const near = known ?? suggest(token.image, words);
  const meant = known === undefined ? `did you mean \`${near}\`?` : `write \`${known}\``;
  const hint = near === undefined ? `the types are ${list}` : meant;
  const name = token.image.length > 40 ? `${token.image.slice(0, 37)}...` : token.image;
  b.error('E0108', `unknown ${what} type \`${name}\``, b.tokenSpan(token), hint, near);
}

type ScalarName = 'int' | 'uint' | 'float' | 'bool';
const SCALARS: readonly string[] = ['int', 'uint', 'float', 'bool'] satisfies ScalarName[];
const isScalar = (text: string): text is ScalarName => SCALARS.includes(text);
const SCALAR_OF_STORAGE = new Map([
  ['f32', 'float'],
  ['f16', 'float'],
  ['bf16', 'float'],
  ['i32', 'int'],
  ['u32', 'uint'],
]);

function scalarItem(b: Builder, docs: Docs, node: ScalarItemCstNode): Item[] {
  const c = node.children;
  const [name, type] = c.Identifier ?? [];
  const keyword = c.Scalar?.[0];
  if (!name || !keyword) return [];
  const span = b.nodeSpan(node);
  if (type && !isScalar(type.image)) {
    unknownType(
      b,
      type,
      'scalar',
      SCALAR_TYPES.map((t) => t.word),
      SCALAR_OF_STORAGE.get(type.image),
    );
  }
  return [
    {
      kind: keyword.image === 'const' ? 'const' : 'param',
      name: b.name(name),
      type: type && isScalar(type.image) ? type.image : 'int',
      ...(c.Equal ? { default: buildExpression(b, c.expression?.[0], span.end) } : {}),
      ...docs.of(span.start, span.end),
      span,
    },
  ];
}

const ROLES = ['let', 'score', 'normalize', 'aggregate', 'gate'] as const;

function defItem(b: Builder, docs: Docs, node: DefItemCstNode): Item[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  const role = ROLES.find((r) => r === c.Role?.[0]?.image);
  if (!name || !role) return [];
  const span = b.nodeSpan(node);
  const indices = indexNames(b, c.indexNames?.[0]);
  const value = buildExpression(b, c.expression?.[0], span.end);
  const docOf = docs.of(span.start, span.end);
  return [{ kind: 'def', role, name: b.name(name), ...(indices ? { indices } : {}), value, ...docOf, span }];
}

function outItem(b: Builder, docs: Docs, node: OutItemCstNode): Item[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const type = c.tensorType?.[0] ? { type: tensorType(b, c.tensorType[0]) } : {};
  const value = c.Equal ? { value: buildExpression(b, c.expression?.[0], span.end) } : {};
  return [{ kind: 'out', name: b.name(name), ...type, ...value, ...docs.of(span.start, span.end), span }];
}

function stateItem(b: Builder, docs: Docs, node: StateItemCstNode): Item[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const type = declaredType(b, c.tensorType?.[0], span.end);
  const value = c.Equal ? { initial: buildExpression(b, c.expression?.[0], span.end) } : {};
  return [{ kind: 'state', name: b.name(name), type, ...value, ...docs.of(span.start, span.end), span }];
}

function recurrenceItem(b: Builder, docs: Docs, node: RecurrenceItemCstNode): Item[] {
  const c = node.children;
  const [axis, second] = c.Identifier ?? [];
  if (!axis) return [];
  const span = b.nodeSpan(node);
  if (second) {
    const hint = 'a state can be carried along the other axis in a recurrence of its own';
    b.error('E0101', 'a recurrence runs over one axis', b.tokenSpan(second), hint);
  }
  return [
    {
      kind: 'recurrence',
      axis: b.name(axis),
      reverse: c.Reverse !== undefined,
      steps: (c.step ?? []).flatMap((s) => step(b, docs, s)),
      ...docs.of(span.start, span.end, false),
      span,
    },
  ];
}

/** Rounds run along an axis whose name no source can have. */
const ROUNDS = 'repeat';

function repeatItem(b: Builder, docs: Docs, node: RepeatItemCstNode): Item[] {
  const c = node.children;
  const word = c.Repeat?.[0];
  if (!word) return [];
  const span = b.nodeSpan(node);
  return [
    {
      kind: 'recurrence',
      axis: { text: ROUNDS, span: b.tokenSpan(word) },
      reverse: false,
      rounds: buildExpression(b, c.expression?.[0], b.tokenSpan(word).end),
      steps: (c.step ?? []).flatMap((s) => step(b, docs, s)),
      ...docs.of(span.start, span.end, false),
      span,
    },
  ];
}

/** Several blocks of rounds have an axis each. */
function numbered(items: readonly Item[]): Item[] {
  let blocks = 0;
  return items.map((i) => {
    if (i.kind !== 'recurrence' || i.rounds === undefined || ++blocks === 1) return i;
    return { ...i, axis: { ...i.axis, text: `${ROUNDS}.${blocks}` } };
  });
}

function step(b: Builder, docs: Docs, node: StepCstNode): Step[] {
  const c = node.children;
  const name = c.Identifier?.[0];
  if (!name) return [];
  const span = b.nodeSpan(node);
  const role = ROLES.find((r) => r === c.Role?.[0]?.image);
  const indices = indexNames(b, c.indexNames?.[0]);
  return [
    {
      kind: 'step',
      ...(role ? { role } : {}),
      name: b.name(name),
      ...(indices ? { indices } : {}),
      value: buildExpression(b, c.expression?.[0], span.end),
      ...docs.of(span.start, span.end),
      span,
    },
  ];
}
