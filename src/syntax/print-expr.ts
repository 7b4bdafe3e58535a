/** Expressions as documents of prettier's layout language: a long one breaks at its loosest operators. */
import type { Doc } from 'prettier';
import { builders } from 'prettier/doc';
import type { AxisBinding, IndexArg, SurfaceExpr } from './ast.ts';
import { ATOM_LEVEL, binaryLevel, COMPARISON_LEVEL, POWER_LEVEL, PREFIX_LEVEL } from './precedence.ts';
import type { CommentQueue } from './print-comments.ts';

const { group, hardline, indent, join, line, softline } = builders;

export interface PrintContext {
  readonly comments: CommentQueue;
  readonly text: string | undefined;
}

type Binary = Extract<SurfaceExpr, { kind: 'binary' }>;

function levelOf(e: SurfaceExpr): number {
  if (e.kind === 'if') return 0;
  if (e.kind === 'unary') return PREFIX_LEVEL;
  return e.kind === 'binary' ? binaryLevel(e.op) : ATOM_LEVEL;
}

/** An expression with parentheses where `least` asks for a tighter one; `flush` leaves out the indent of broken lines. */
export function exprDoc(c: PrintContext, e: SurfaceExpr, least = 0, flush = false): Doc {
  if (levelOf(e) < least) return parens(c, e);
  switch (e.kind) {
    case 'number':
      // A digit on both sides of the point: `1.` before a range `..` would not read back.
      return e.text.replace(/^\./, '0.').replace(/\.(?=[eE]|$)/, '.0');
    case 'bool':
      return String(e.value);
    case 'name':
      return e.name.text;
    case 'error':
      return c.text?.slice(e.span.start, e.span.end) ?? '';
    case 'paren':
      return parens(c, e.inner);
    case 'unary':
      return [e.op, commented(c, e.arg, () => exprDoc(c, e.arg, PREFIX_LEVEL))];
    case 'binary':
      return chain(c, e, flush);
    case 'if':
      return conditional(c, e, flush);
    case 'index':
      return [exprDoc(c, e.target, ATOM_LEVEL), list(c, '[', e.args, ']', indexArg)];
    case 'call':
      return [
        e.callee.text,
        e.axes && e.axes.length > 0 ? list(c, '[', e.axes, ']', binding) : '',
        list(c, '(', e.args, ')', (c, arg) =>
          commented(c, arg, () => exprDoc(c, arg, 0, e.args.length === 1)),
        ),
      ];
  }
}

/** Takes the comments above an expression; one behind its `if` or its sign counts as above it. */
export function commentsAbove(c: PrintContext, e: SurfaceExpr): string[] {
  let first = e;
  for (;;) {
    if (first.kind === 'binary') first = first.left;
    else if (first.kind === 'unary') first = first.arg;
    else if (first.kind === 'index') first = first.target;
    else if (first.kind === 'if') first = first.cond;
    else return c.comments.before(first.span.start).map((x) => x.text);
  }
}

/** Comments above and behind a part of an expression. */
function commented(c: PrintContext, e: SurfaceExpr, print: () => Doc): Doc {
  const above = commentsAbove(c, e);
  const behind = c.comments.trailing(e.span.end, true);
  const own = print();
  return above.length === 0 ? [own, behind] : [above.map((text) => [text, hardline]), own, behind];
}

function parens(c: PrintContext, inner: SurfaceExpr): Doc {
  const body = commented(c, inner, () => exprDoc(c, inner, 0, true));
  return group(['(', indent([softline, body]), softline, ')']);
}

/** Brackets with parts separated by commas. */
export function list<T>(
  c: PrintContext,
  open: string,
  parts: readonly T[],
  close: string,
  print: (c: PrintContext, part: T) => Doc,
): Doc {
  if (parts.length === 0) return open + close;
  const docs = parts.map((part) => print(c, part));
  return group([open, indent([softline, join([',', line], docs)]), softline, close]);
}

const onLines = (comments: readonly string[], own: Doc): Doc =>
  comments.length === 0 ? own : [comments.map((text) => [text, hardline]), own];

/** Comments anywhere before the value stand above the whole part. */
const indexArg = (c: PrintContext, arg: IndexArg): Doc => {
  const above = commentsAbove(c, arg.value);
  const behind = c.comments.trailing(arg.value.span.end, true);
  const value = exprDoc(c, arg.value);
  return onLines(above, [arg.axis ? [arg.axis.text, ' = '] : '', value, behind]);
};

/** Comments between the ends of a range stand above it, since nothing else could keep them in their place. */
function binding(c: PrintContext, b: AxisBinding): Doc {
  const texts = (offset: number): string[] => c.comments.before(offset).map((x) => x.text);
  const above = texts(b.name.span.start);
  if (!b.from || !b.to) return onLines(above, [b.name.text, c.comments.trailing(b.name.span.end, true)]);
  above.push(...commentsAbove(c, b.from));
  const from = exprDoc(c, b.from);
  above.push(...commentsAbove(c, b.to));
  const behind = c.comments.trailing(b.to.span.end, true);
  return onLines(above, [b.name.text, ' in ', from, '..', exprDoc(c, b.to), behind]);
}

/** Operators of one level, left to right, as one group: all of them break or none does. */
function chain(c: PrintContext, e: Binary, flush: boolean): Doc {
  const level = binaryLevel(e.op);
  const parts: { readonly op: string; readonly e: SurfaceExpr }[] = [];
  const leftAssociates = level !== COMPARISON_LEVEL && level !== POWER_LEVEL;
  let first: SurfaceExpr = e;
  do {
    parts.unshift({ op: first.op, e: first.right });
    first = first.left;
  } while (leftAssociates && first.kind === 'binary' && binaryLevel(first.op) === level);
  const head = commented(c, first, () => exprDoc(c, first, leftAssociates ? level : level + 1));
  const least = level === POWER_LEVEL ? PREFIX_LEVEL : level + 1;
  const rest = parts.map((part): Doc => {
    const above = commentsAbove(c, part.e).map((text): Doc => [hardline, text]);
    const behind = c.comments.trailing(part.e.span.end, true);
    return [above, line, part.op, ' ', exprDoc(c, part.e, least), behind];
  });
  return group([head, flush ? rest : indent(rest)]);
}

/** `if … then … else if … then … else …`: one branch per line where they do not fit on one. */
function conditional(c: PrintContext, e: Extract<SurfaceExpr, { kind: 'if' }>, flush: boolean): Doc {
  const part = (word: string, value: SurfaceExpr): { readonly above: string[]; readonly own: Doc } => {
    const above = commentsAbove(c, value);
    const behind = c.comments.trailing(value.span.end, true);
    return { above, own: [word, ' ', exprDoc(c, value, 0, true), behind] };
  };
  const branch = (above: readonly string[], own: Doc): Doc => [
    above.map((text) => [hardline, text]),
    line,
    own,
  ];
  const head = part('if', e.cond);
  const rest: Doc[] = [];
  let own = head.own;
  let last = e;
  for (;;) {
    const then = part('then', last.then);
    // A comment behind the condition must break the line here, so the condition is inside the group.
    const whole = group([own, indent(branch(then.above, then.own))]);
    rest.push(whole);
    if (last.else.kind !== 'if') break;
    last = last.else;
    const next = part('else if', last.cond);
    rest.push(branch(next.above, ''));
    own = next.own;
  }
  const otherwise = part('else', last.else);
  const [first, ...more] = rest;
  const tail = [...more, branch(otherwise.above, otherwise.own)];
  return group([head.above.map((text) => [text, hardline]), first!, flush ? tail : indent(tail)]);
}
