/** W0908: what is said about rows that keep no element. */
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { freeVars } from '../../expr/expr.ts';
import { printExpr } from '../../expr/print.ts';
import { STORAGE } from '../../expr/types.ts';
import type { ModelKernel, ModelMask } from '../../model/model.ts';
import type { IrKernel } from '../ir.ts';
import { conjuncts, type Domain } from './domains.ts';
import { judgeRows, type Verdict } from './judge.ts';
import { conditionNeeds } from './trial.ts';

const CODE = 'W0908';
/** More elements of tensors than this are not listed. */
const MOST_ELEMENTS = 4;

export interface RowsReport {
  readonly verdict: Verdict['kind'];
  /** None or one. */
  readonly diagnostics: readonly Diagnostic[];
}

/** The axis that was written, for a copy that an expansion made. */
function originOf(model: ModelKernel): (axis: string) => string {
  const byName = new Map(model.axes.map((a) => [a.name, a]));
  return (axis) => {
    const span = byName.get(axis)?.span;
    return model.axes.find((a) => a.span === span)?.name ?? axis;
  };
}

/** Reports on the rows of one kernel. `ir` is its lowering with all optional inputs. */
export function reportRows(model: ModelKernel, ir: IrKernel): RowsReport {
  const origin = originOf(model);
  const verdict = judgeRows(ir, (reduced, where) => {
    const axes = [...freeVars(where), ...reduced].map(origin);
    const lines = linesOver(model, new Set(axes), new Set(reduced.map(origin)));
    const own = lines.flatMap((m) => conjuncts(ir.masks[model.masks.indexOf(m)]!));
    // What no line says comes from a range, which may be empty on purpose.
    return lines.length > 0 && conjuncts(where).length <= own.length;
  });
  if (verdict.kind !== 'empty' && verdict.kind !== 'open') return { verdict: verdict.kind, diagnostics: [] };
  const { rows, reduced } = verdict.domain;
  const scope = new Set([...rows, ...reduced].map(origin));
  const lines = linesOver(model, scope, new Set(reduced.map(origin))).map((m) => m.span);
  const [first, ...others] = lines.length > 0 ? lines : [model.span];
  const columns = verdict.domain.reduced.map(origin).join(', ');
  const said =
    verdict.kind === 'empty' ? emptyRow(verdict, origin, columns) : openRow(verdict.domain, origin, columns);
  const diagnostic: Diagnostic = {
    code: CODE,
    severity: verdict.kind === 'empty' && verdict.byNumbers ? 'warning' : 'note',
    ...said,
    ...(first ? { span: first } : {}),
    ...(others.length > 0
      ? { labels: others.map((span) => ({ span, text: 'together with this line' })) }
      : {}),
  };
  return { verdict: verdict.kind, diagnostics: [diagnostic] };
}

/** Mask lines that apply to reductions over `reduced` where the axes of `scope` are to be had. */
function linesOver(
  model: ModelKernel,
  scope: ReadonlySet<string>,
  reduced: ReadonlySet<string>,
): ModelMask[] {
  return model.masks.filter((m) => m.axes.some((a) => reduced.has(a)) && m.axes.every((a) => scope.has(a)));
}

type Said = Pick<Diagnostic, 'message' | 'hint'>;

function emptyRow(v: Verdict & { kind: 'empty' }, origin: (axis: string) => string, columns: string): Said {
  const { domain, example, fixes } = v;
  const row = example.row.map(([axis, index]) => `${origin(axis)} = ${index}`).join(', ');
  const what = row === '' ? `no key ${columns} is kept` : `row ${row} keeps no key ${columns}`;
  const numbers = numbersShown(domain).map(
    (name) => `${name} = ${numberText(domain.kernel, name, example.numbers.get(name)!)}`,
  );
  const [named, vague] = v.byNumbers ? [[], ''] : elementsShown(v);
  const when = [...numbers, ...named].join(', ');
  const asked = `ask which, as in ${question(domain, origin, columns)}`;
  const added = fixes.map((f) => `\`require ${printExpr(f)}\``).join(' and ');
  return {
    message: `${what}${when === '' ? '' : ` when ${when}`}${vague}`,
    hint:
      added === ''
        ? `rows without a key give 0, and -inf as their logsumexp; if they are meant to be, ${asked}`
        : `add ${added}; or, if such rows are meant to give 0, ${asked}`,
  };
}

function openRow(d: Domain, origin: (axis: string) => string, columns: string): Said {
  const rows = d.rows.map(origin).join(', ');
  return {
    message: `it is not known whether every row${rows === '' ? '' : ` ${rows}`} keeps a key ${columns}`,
    hint: `a \`require\` line can rule rows without a key out; if they are meant to be, ask which, as in ${question(d, origin, columns)}`,
  };
}

/** An output that tells which rows keep an element: a kernel that has it knows that some may not. */
function question(d: Domain, origin: (axis: string) => string, columns: string): string {
  return `\`out kept: bool[${d.rows.map(origin).join(', ')}] = any[${columns}](true)\``;
}

/** Sizes and params that the conditions and the extents of the axes mention, in the order of their declaration. */
function numbersShown(d: Domain): string[] {
  const names = freeVars(d.where, freeVars(d.given));
  for (const a of d.kernel.axes) if ([...d.rows, ...d.reduced].includes(a.name)) freeVars(a.extent, names);
  return [...d.kernel.sizes, ...d.kernel.params.map((p) => p.name)].filter((n) => names.has(n));
}

function numberText(k: IrKernel, name: string, value: number): string {
  return k.params.find((p) => p.name === name)?.type === 'bool' ? String(value !== 0) : String(value);
}

/** The elements that empty the row, or a remark where they are many or computed. */
function elementsShown(v: Verdict & { kind: 'empty' }): readonly [string[], string] {
  const { domain, example } = v;
  const isBool = (name: string): boolean =>
    STORAGE[domain.kernel.tensors.find((t) => t.name === name)!.storage].value === 'bool';
  const needs = conditionNeeds(domain);
  const { elements } = example;
  if (needs.direct.size === 0 && elements.length <= MOST_ELEMENTS && elements.length > 0)
    return [
      elements.map(({ name, index, value }) => {
        const at = index.length > 0 ? `[${index.join(', ')}]` : '';
        return `${name}${at} = ${isBool(name) ? String(value !== 0) : value}`;
      }),
      '',
    ];
  return [[], ` for some values of ${needs.tensors.map((t) => `\`${t.name}\``).join(', ')}`];
}
