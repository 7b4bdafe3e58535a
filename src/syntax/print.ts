/**
 * Surface tree to canonical text: two spaces of indent, one item per line, one space around operators. Comments and the
 * author's empty lines (one at most) are kept when the tree carries its text; else documentation is printed as comments
 * and an empty line separates the kinds of items.
 */
import type { Doc } from 'prettier';
import { builders, printer } from 'prettier/doc';
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
  SurfaceExpr,
  TensorType,
} from './ast.ts';
import { CommentQueue } from './print-comments.ts';
import { commentsAbove, exprDoc, list, type PrintContext } from './print-expr.ts';
import { ATOM_LEVEL } from './precedence.ts';
import { declarations } from './walk.ts';

const { breakParent, group, hardline, indent, join, line } = builders;

export const PRINT_WIDTH = 100;

const layout = (doc: Doc, width: number): string =>
  printer.printDocToString(doc, { printWidth: width, tabWidth: 2, useTabs: false }).formatted;

/** The canonical text of a file, which ends with a line break (or is empty). `width` is where lines are broken. */
export function printFile(file: SourceFile, options: { readonly width?: number } = {}): string {
  return layout(fileDoc(file), options.width ?? PRINT_WIDTH);
}

/** One expression on one line, without comments. */
export function printExpr(e: SurfaceExpr): string {
  return layout(exprDoc({ comments: new CommentQueue([], undefined), text: undefined }, e), Infinity);
}

/** One thing of a sequence, printed on lines of its own. */
interface Row {
  readonly doc: Doc;
  readonly blankAbove: boolean;
}

/** The document of a file, for printers that bring their own layout. */
export function fileDoc(file: SourceFile): Doc {
  const c: PrintContext = { comments: new CommentQueue(file.comments, file.text), text: file.text };
  let previous: ImportDecl | FnDecl | KernelDecl | undefined;
  const rows = declarations(file).flatMap((decl) => {
    const tight =
      previous !== undefined && previous.kind !== 'kernel' && decl.kind === previous.kind && isLine(decl);
    const kept = decl.kind === 'import' || c.text !== undefined;
    const blank = previous !== undefined && !(tight && isLine(previous) && kept);
    previous = decl;
    return statement(c, decl, blank, () => declDoc(c, decl));
  });
  rows.push(...commentRows(c, Infinity));
  return rows.length === 0 ? '' : [stack(rows), hardline];
}

const isLine = (decl: ImportDecl | FnDecl | KernelDecl): boolean =>
  decl.kind === 'import' || (decl.kind === 'fn' && decl.lets.length === 0);

const stack = (rows: readonly Row[]): Doc =>
  rows.map((row, n) => (n === 0 ? row.doc : [hardline, row.blankAbove ? hardline : '', row.doc]));

/** The comments before `offset` as rows. */
const commentRows = (c: PrintContext, offset: number): Row[] =>
  c.comments.before(offset).map((x) => ({ doc: x.text, blankAbove: c.comments.blankAbove(x.span.start) }));

interface Placed {
  readonly span: { readonly start: number; readonly end: number };
  readonly doc?: string;
}

/** A declaration, item or `let` with the comments above it and behind it; `blank` asks for an empty line above. */
function statement(c: PrintContext, node: Placed, blank: boolean, print: () => Doc): Row[] {
  const above = commentRows(c, node.span.start);
  if (c.text === undefined && node.doc !== undefined) {
    above.push(...node.doc.split('\n').map((text) => ({ doc: `// ${text}`.trimEnd(), blankAbove: false })));
  }
  const behind = c.comments.trailing(node.span.end, false);
  const own = print();
  // What no part of the statement could hold goes above it rather than being lost.
  const homeless = commentRows(c, node.span.end).map((row) => ({ ...row, blankAbove: false }));
  const rows = [
    ...above,
    ...homeless,
    { doc: [own, behind], blankAbove: c.comments.blankAbove(node.span.start) },
  ];
  if (above.length === 0 && homeless.length > 0 && rows.at(-1)!.blankAbove) swapBlank(rows);
  return rows.map((row, n) => (n === 0 && blank ? { ...row, blankAbove: true } : row));
}

/** The empty line stood above the statement, and now belongs above the comments that were moved there. */
function swapBlank(rows: Row[]): void {
  rows[0] = { ...rows[0]!, blankAbove: true };
  rows[rows.length - 1] = { ...rows.at(-1)!, blankAbove: false };
}

function block(c: PrintContext, head: Doc, rows: readonly Row[], end: number): Doc {
  const all = [...rows, ...commentRows(c, end)];
  if (all.length === 0) return [head, ' {}'];
  return [head, ' {', indent([hardline, stack(all)]), hardline, '}'];
}

function declDoc(c: PrintContext, decl: ImportDecl | FnDecl | KernelDecl): Doc {
  switch (decl.kind) {
    case 'import':
      if (!decl.names) return `import "${decl.from}"`;
      return [`import { ${decl.names.map((n) => n.text).join(', ')} } from "${decl.from}"`];
    case 'fn':
      return fnDoc(c, decl);
    case 'kernel':
      return kernelDoc(c, decl);
  }
}

const names = (all: readonly Name[]): string => all.map((n) => n.text).join(', ');
const brackets = (all: readonly Name[] | undefined): string => (all ? `[${names(all)}]` : '');

function fnDoc(c: PrintContext, fn: FnDecl): Doc {
  const head = `fn ${fn.name.text}${fn.axes.length > 0 ? brackets(fn.axes) : ''}(${names(fn.params)})`;
  if (fn.lets.length === 0) return [head, ' =', valueDoc(c, fn.result)];
  const lets = fn.lets.flatMap((l) => statement(c, l, false, () => letDoc(c, l)));
  // A line that starts with a minus would continue the `let` above it.
  const least = printExpr(fn.result).startsWith('-') ? ATOM_LEVEL : 0;
  const result = statement(c, { span: fn.result.span }, false, () => exprDoc(c, fn.result, least));
  return block(c, head, [...lets, ...result], fn.span.end);
}

const letDoc = (c: PrintContext, l: LetStmt): Doc => [
  `let ${l.name.text}${brackets(l.indices)} =`,
  valueDoc(c, l.value),
];

/** What follows a `=` or a keyword: on its line, or below the comments that stand before it. */
function valueDoc(c: PrintContext, e: SurfaceExpr): Doc {
  const above = commentsAbove(c, e);
  if (above.length === 0) return [' ', exprDoc(c, e)];
  return indent([above.map((text) => [hardline, text]), hardline, exprDoc(c, e)]);
}

type Group = 'axes' | 'inputs' | 'states' | 'values' | 'outputs';
const GROUP: Readonly<Record<Item['kind'], Group>> = {
  axes: 'axes',
  in: 'inputs',
  state: 'states',
  param: 'inputs',
  const: 'inputs',
  require: 'inputs',
  mask: 'values',
  def: 'values',
  recurrence: 'values',
  out: 'outputs',
};

function kernelDoc(c: PrintContext, kernel: KernelDecl): Doc {
  const rows = kernel.items.flatMap((item, n) => {
    const before = kernel.items[n - 1];
    const blank = c.text === undefined && before !== undefined && GROUP[before.kind] !== GROUP[item.kind];
    return statement(c, item, blank, () => itemDoc(c, item));
  });
  return block(c, `kernel ${kernel.name.text}`, rows, kernel.span.end);
}

function itemDoc(c: PrintContext, item: Item): Doc {
  switch (item.kind) {
    case 'axes': {
      const docs = item.axes.map((a, n) => axisDoc(c, a, n + 1 === item.axes.length));
      return group(['axes', indent([line, join(line, docs)])]);
    }
    case 'in':
      return [
        `in ${item.name.text}: `,
        typeDoc(c, item.type),
        item.default ? [' =', valueDoc(c, item.default)] : '',
      ];
    case 'param':
    case 'const': {
      const head = `${item.kind} ${item.name.text}: ${item.type}`;
      return [head, item.default ? [' =', valueDoc(c, item.default)] : ''];
    }
    case 'require':
      return ['require', valueDoc(c, item.condition)];
    case 'mask':
      return ['mask', valueDoc(c, item.value)];
    case 'def':
      return [`${item.role} ${item.name.text}${brackets(item.indices)} =`, valueDoc(c, item.value)];
    case 'out':
      return [
        `out ${item.name.text}`,
        item.type ? [': ', typeDoc(c, item.type)] : '',
        item.value ? [' =', valueDoc(c, item.value)] : '',
      ];
    case 'state':
      return [
        `state ${item.name.text}: `,
        typeDoc(c, item.type),
        item.initial ? [' =', valueDoc(c, item.initial)] : '',
      ];
    case 'recurrence': {
      const steps = item.steps.flatMap((s) => statement(c, s, false, () => stepDoc(c, s)));
      const over = `recurrence over ${item.axis.text}${item.reverse ? ' reverse' : ''}`;
      const head = item.rounds ? ['repeat ', exprDoc(c, item.rounds)] : over;
      return block(c, head, steps, item.span.end);
    }
  }
}

const stepDoc = (c: PrintContext, s: Step): Doc => [
  `${s.role === undefined ? '' : `${s.role} `}${s.name.text}${brackets(s.indices)} =`,
  valueDoc(c, s.value),
];

function axisDoc(c: PrintContext, a: AxisDecl, last: boolean): Doc {
  const documented =
    c.text === undefined && a.doc !== undefined
      ? a.doc.split('\n').map((text) => `// ${text}`.trimEnd())
      : [];
  const above = [...c.comments.before(a.span.start).map((x) => x.text), ...documented];
  const behind = c.comments.trailing(a.span.end, true);
  const derived = a.derived ? [' = ', exprDoc(c, a.derived)] : '';
  const own = [a.name.text, ': ', exprDoc(c, a.extent), derived, last ? '' : ',', behind];
  return above.length === 0 ? own : [breakParent, above.map((text) => [text, hardline]), own];
}

function typeDoc(c: PrintContext, type: TensorType): Doc {
  const storage =
    type.storage ?? (type.storageSpan && c.text?.slice(type.storageSpan.start, type.storageSpan.end)) ?? '';
  return type.dims.length === 0 ? storage : [storage, list(c, '[', type.dims, ']', (c, d) => exprDoc(c, d))];
}
