/** Generated surface trees, and the comparison that ignores places and parentheses. */
import fc from 'fast-check';
import { KEYWORDS } from '../../grammar/tokens.ts';
import type {
  AxisBinding,
  AxisDecl,
  BinaryOperator,
  FnDecl,
  IndexArg,
  Item,
  KernelDecl,
  LetStmt,
  Name,
  Role,
  SourceFile,
  Step,
  SurfaceExpr,
  TensorType,
} from '../../src/syntax/ast.ts';
import type { StorageType } from '../../src/expr/types.ts';

const span = { source: 'generated', start: 0, end: 0 };
const reserved = new Set(KEYWORDS.map((k) => k.word));
const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,5}$/).filter((w) => !reserved.has(w));
const name: fc.Arbitrary<Name> = fc
  .oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: fc.constantFrom('from', 'over', 'reverse') })
  .map((text) => ({ text, span }));
const names = fc.array(name, { maxLength: 3 });
const someNames = fc.array(name, { minLength: 1, maxLength: 3 });

const integer = fc.oneof(
  fc.nat({ max: 5000 }).map(String),
  fc.constantFrom('4294967295', '2147483648', '0x1F', '0', '007'),
);
const float = fc.oneof(
  fc.nat({ max: 300000 }).map((n) => (n / 100).toFixed(2)),
  fc.constantFrom('1e-6', '3.0e38', '0.5', '1E+4', '0.0'),
);
const number = fc.oneof(
  integer.map((text): SurfaceExpr => ({ kind: 'number', text, value: Number(text), isInt: true, span })),
  float.map((text): SurfaceExpr => ({ kind: 'number', text, value: Number(text), isInt: false, span })),
);
const OPERATORS: readonly BinaryOperator[] = [
  ...([
    '+',
    '-',
    '*',
    '/',
    '%',
    '**',
    '==',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
    '&&',
    '||',
    '&',
    '|',
    '^',
    '<<',
    '>>',
  ] as const),
];

const { expr } = fc.letrec<{ expr: SurfaceExpr; binding: AxisBinding; arg: IndexArg }>((tie) => ({
  binding: fc.oneof(
    name.map((n) => ({ name: n, span })),
    fc.record({ name, from: tie('expr'), to: tie('expr'), span: fc.constant(span) }),
  ),
  arg: fc.oneof(
    tie('expr').map((value) => ({ value })),
    fc.record({ axis: name, value: tie('expr') }),
  ),
  expr: fc.oneof(
    { maxDepth: 5, depthSize: 'small', withCrossShrink: true },
    name.map((n): SurfaceExpr => ({ kind: 'name', name: n, span })),
    number,
    fc.boolean().map((value): SurfaceExpr => ({ kind: 'bool', value, span })),
    fc.record({
      kind: fc.constant('binary' as const),
      op: fc.constantFrom(...OPERATORS),
      left: tie('expr'),
      right: tie('expr'),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('unary' as const),
      op: fc.constantFrom('-' as const, '!' as const, '~' as const),
      arg: tie('expr'),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('if' as const),
      cond: tie('expr'),
      then: tie('expr'),
      else: tie('expr'),
      span: fc.constant(span),
    }),
    fc.record({
      kind: fc.constant('index' as const),
      target: tie('expr'),
      args: fc.array(tie('arg'), { minLength: 1, maxLength: 3 }),
      span: fc.constant(span),
    }),
    fc.record(
      {
        kind: fc.constant('call' as const),
        callee: name,
        axes: fc.array(tie('binding'), { minLength: 1, maxLength: 2 }),
        args: fc.array(tie('expr'), { maxLength: 3 }),
        span: fc.constant(span),
      },
      { requiredKeys: ['kind', 'callee', 'args', 'span'] },
    ),
  ),
}));
export const surfaceExpr: fc.Arbitrary<SurfaceExpr> = expr;

const doc = fc
  .array(fc.stringMatching(/^[a-zA-Z0-9(]([a-z =/(){}"]{0,12}[a-z.)])?$/), { minLength: 1, maxLength: 2 })
  .map((lines) => lines.join('\n'));
const storage = fc.constantFrom<StorageType[]>('f32', 'f16', 'bf16', 'i32', 'u32', 'bool');
const type: fc.Arbitrary<TensorType> = fc.record({
  storage,
  dims: fc.array(surfaceExpr, { maxLength: 3 }),
  span: fc.constant(span),
});
const axis: fc.Arbitrary<AxisDecl> = fc.record(
  { name, extent: surfaceExpr, derived: surfaceExpr, doc, span: fc.constant(span) },
  { requiredKeys: ['name', 'extent', 'span'] },
);
const letStmt: fc.Arbitrary<LetStmt> = fc.record(
  { kind: fc.constant('let' as const), name, indices: names, value: surfaceExpr, span: fc.constant(span) },
  { requiredKeys: ['kind', 'name', 'value', 'span'] },
);
const role = fc.constantFrom<Role[]>('let', 'score', 'normalize', 'aggregate', 'gate');
const step: fc.Arbitrary<Step> = fc.record(
  {
    kind: fc.constant('step' as const),
    role,
    name,
    indices: names,
    value: surfaceExpr,
    doc,
    span: fc.constant(span),
  },
  { requiredKeys: ['kind', 'name', 'value', 'span'] },
);
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('axes' as const),
      axes: fc.array(axis, { minLength: 1, maxLength: 4 }),
      doc,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'axes', 'span'] },
  ),
  fc.record(
    { kind: fc.constant('in' as const), name, type, default: surfaceExpr, doc, span: fc.constant(span) },
    { requiredKeys: ['kind', 'name', 'type', 'span'] },
  ),
  fc.record(
    {
      kind: fc.constantFrom('param' as const, 'const' as const),
      name,
      type: fc.constantFrom('int' as const, 'uint' as const, 'float' as const, 'bool' as const),
      default: surfaceExpr,
      doc,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'name', 'type', 'span'] },
  ),
  fc.record({ kind: fc.constant('require' as const), condition: surfaceExpr, span: fc.constant(span) }),
  fc.record(
    { kind: fc.constant('mask' as const), value: surfaceExpr, doc, span: fc.constant(span) },
    { requiredKeys: ['kind', 'value', 'span'] },
  ),
  fc.record(
    {
      kind: fc.constant('def' as const),
      role,
      name,
      indices: names,
      value: surfaceExpr,
      doc,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'role', 'name', 'value', 'span'] },
  ),
  fc.record(
    { kind: fc.constant('out' as const), name, type, value: surfaceExpr, doc, span: fc.constant(span) },
    { requiredKeys: ['kind', 'name', 'span'] },
  ),
  fc.record(
    { kind: fc.constant('state' as const), name, type, initial: surfaceExpr, doc, span: fc.constant(span) },
    { requiredKeys: ['kind', 'name', 'type', 'span'] },
  ),
  fc.record(
    {
      kind: fc.constant('recurrence' as const),
      axis: name,
      reverse: fc.boolean(),
      steps: fc.array(step, { maxLength: 4 }),
      doc,
      span: fc.constant(span),
    },
    { requiredKeys: ['kind', 'axis', 'reverse', 'steps', 'span'] },
  ),
);
const fn: fc.Arbitrary<FnDecl> = fc.record(
  {
    kind: fc.constant('fn' as const),
    name,
    axes: names,
    params: names,
    lets: fc.array(letStmt, { maxLength: 3 }),
    result: surfaceExpr,
    doc,
    span: fc.constant(span),
  },
  { requiredKeys: ['kind', 'name', 'axes', 'params', 'lets', 'result', 'span'] },
);
const kernel: fc.Arbitrary<KernelDecl> = fc.record(
  {
    kind: fc.constant('kernel' as const),
    name,
    items: fc.array(item, { maxLength: 5 }),
    doc,
    span: fc.constant(span),
  },
  { requiredKeys: ['kind', 'name', 'items', 'span'] },
);
const importDecl = fc.record(
  {
    kind: fc.constant('import' as const),
    names: someNames,
    from: fc.constantFrom('std', './masks.attn', '../a b.attn'),
    fromSpan: fc.constant(span),
    span: fc.constant(span),
  },
  { requiredKeys: ['kind', 'from', 'fromSpan', 'span'] },
);
/** A file as the builder in code makes it: no text, no comments, every place zero. */
export const surfaceFile: fc.Arbitrary<SourceFile> = fc.record({
  kind: fc.constant('file' as const),
  source: fc.constant('generated'),
  imports: fc.array(importDecl, { maxLength: 2 }),
  fns: fc.array(fn, { maxLength: 2 }),
  kernels: fc.array(kernel, { maxLength: 2 }),
  comments: fc.constant([]),
  span: fc.constant(span),
});

type Options = { readonly docs: boolean };

/** The tree without places, parentheses and text; without documentation as well when `docs` is false. */
export function essence(node: unknown, options: Options = { docs: true }): unknown {
  if (Array.isArray(node)) return node.map((n: unknown) => essence(n, options));
  if (typeof node !== 'object' || node === null) return node;
  if ('kind' in node && node.kind === 'paren' && 'inner' in node) return essence(node.inner, options);
  const dropped = ['span', 'fromSpan', 'storageSpan', 'source', 'comments', ...(options.docs ? [] : ['doc'])];
  const isNumber = 'kind' in node && node.kind === 'number';
  const isFile = 'kind' in node && node.kind === 'file';
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !dropped.includes(key) && value !== undefined)
      .filter(([key]) => !((isNumber || isFile) && key === 'text'))
      .map(([key, value]) => [key, essence(value, options)]),
  );
}
