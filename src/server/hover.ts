/** What a name, a mask, a keyword or a type is, as Markdown. */
import { KEYWORDS, SCALAR_TYPES, STORAGE_TYPES } from '../../grammar/tokens.ts';
import type { Span } from '../diagnostics/diagnostic.ts';
import { STORAGE } from '../expr/types.ts';
import { printExpr } from '../expr/print.ts';
import { builtinDoc } from '../model/builtins.ts';
import type { ModelKernel } from '../model/model.ts';
import { kernelAt, tokenAt, useAt, type Analysis, type Named, type Use } from './analysis.ts';
import { kernelFacts, maskFacts } from './facts.ts';
import { loweringOf, type Settings } from './lowering.ts';
import { readersOf, sitesOf, writersOf } from './sites.ts';

/** More are a list that nobody reads; the tiled IR has them all. */
const MOST_PLACES = 8;

export interface Hover {
  readonly span: Span;
  readonly markdown: string;
}

/** Undefined where there is nothing to say. */
export function hoverAt(a: Analysis, offset: number, settings: Settings): Hover | undefined {
  const use = useAt(a, offset);
  if (use) return { span: use.span, markdown: paragraphs(named(a, use, settings)) };
  const token = tokenAt(a, offset);
  if (!token) return undefined;
  const start = token.startOffset;
  const span = { source: a.key, start, end: start + token.image.length };
  const mask = maskAt(a, offset);
  if (mask) return { span: mask.span, markdown: paragraphs(maskFacts(a, mask.kernel, settings)) };
  const doc = wordDoc(token.image);
  return doc === undefined ? undefined : { span, markdown: paragraphs([code(token.image), doc]) };
}

const code = (text: string): string => `\`\`\`attn\n${text}\n\`\`\``;
const paragraphs = (parts: readonly (string | undefined)[]): string =>
  parts.filter((p) => p !== undefined && p !== '').join('\n\n');

function wordDoc(word: string): string | undefined {
  const row = KEYWORDS.find((k) => k.word === word);
  const type = STORAGE_TYPES.find((t) => t.word === word) ?? SCALAR_TYPES.find((t) => t.word === word);
  return row?.doc ?? type?.doc ?? builtinDoc(word);
}

/** The mask line around an offset. */
function maskAt(a: Analysis, offset: number): { readonly span: Span; readonly kernel: string } | undefined {
  const kernel = kernelAt(a, offset);
  const item = kernel?.decl.items.find(
    (i) => i.kind === 'mask' && i.span.start <= offset && offset <= i.span.end,
  );
  return item && { span: item.span, kernel: kernel!.decl.name.text };
}

function named(a: Analysis, { span, symbol }: Use, settings: Settings): (string | undefined)[] {
  const title = code(symbol.kind === 'builtin' ? symbol.name : symbol.detail);
  if (symbol.kind === 'builtin') return [title, builtinDoc(symbol.name)];
  if (symbol.kind === 'kernel') return [title, symbol.doc, ...kernelFacts(a, symbol.name, settings)];
  if (symbol.kind.startsWith('function')) return [title, symbol.doc, origin(a, symbol)];
  const kernel = kernelAt(a, span.start)?.model;
  const facts = kernel && valueFacts(a, kernel, symbol, settings);
  return [title, symbol.doc, ...(facts ?? [])];
}

/** Where a function comes from, if not from this file. */
function origin(a: Analysis, { span }: Named): string | undefined {
  if (!span || span.source === a.key) return undefined;
  return span.source.startsWith('std:') ? 'In the standard library.' : `From \`${span.source}\`.`;
}

/** Index set, shape, element type, and where it lives. */
function valueFacts(a: Analysis, k: ModelKernel, symbol: Named, settings: Settings): (string | undefined)[] {
  const { name, kind } = symbol;
  if (kind === 'size') return [`A size: it follows from the shapes of ${sizeSources(k, name)}.`];
  const param = k.params.find((p) => p.name === name);
  if (kind === 'param' && param)
    return [
      `Given at each launch; ${param.default ? `by default ${printExpr(param.default)}` : 'has no default'}.`,
    ];
  const axis = k.axes.find((x) => x.name === name);
  if (kind === 'axis' && axis)
    return [
      `An index from 0 to one below \`${printExpr(axis.extent)}\`${axis.derived ? '; where the axes it is made of are in scope it stands for its formula' : ''}.`,
    ];
  return [indexSet(k, name, kind), lives(a, k, name, kind, settings)];
}

function sizeSources(k: ModelKernel, size: string): string {
  const has = k.tensors.filter((t) => t.dims.some((d) => printExpr(d.extent).split(/\W+/).includes(size)));
  return has.length > 0
    ? has.map((t) => `\`${t.name}\``).join(', ')
    : 'nothing that is given, so it must be set';
}

/** `Over [i, j], shape N × M, f32.` */
function indexSet(k: ModelKernel, name: string, kind: Named['kind']): string | undefined {
  const tensor = kind === 'input' ? k.tensors.find((t) => t.name === name) : undefined;
  const state = k.states.find((s) => s.name === name);
  const def = k.defs.find((d) => d.name === name);
  const indices = tensor ? tensor.dims.map((d) => d.axis ?? '·') : (state ?? def)?.indices;
  if (!indices) return undefined;
  const extents = tensor ? tensor.dims.map((d) => printExpr(d.extent)) : indices.map((i) => printed(k, i));
  const shape =
    indices.length === 0
      ? 'a single value'
      : `over \`[${indices.join(', ')}]\`, shape \`${extents.join(' × ')}\``;
  const type = tensor ? tensor.storage : (state ?? def)!.type;
  const memory =
    tensor && STORAGE[tensor.storage].value !== tensor.storage
      ? `, computed as \`${STORAGE[tensor.storage].value}\``
      : '';
  const optional = tensor?.default ? `; optional, \`${printExpr(tensor.default)}\` where it is absent` : '';
  return `Index set: ${shape}, element type \`${type}\`${memory}${optional}.`;
}

function printed(k: ModelKernel, axis: string): string {
  const found = k.axes.find((x) => x.name === axis);
  return found ? printExpr(found.extent) : '?';
}

/** The place that a value has in the compiled kernel. */
function lives(
  a: Analysis,
  k: ModelKernel,
  name: string,
  kind: Named['kind'],
  settings: Settings,
): string | undefined {
  const made = loweringOf(a, k.name, settings);
  if ('failed' in made) return undefined;
  const { tile } = made.compiled;
  const launches = (names: readonly string[]): string => names.map((n) => `\`${n}\``).join(', ');
  if (kind === 'input') {
    const readers = readersOf(tile, name);
    return readers.length > 0 ? `Lives in global memory; read by ${launches(readers)}.` : undefined;
  }
  const writers = k.outputs.some((o) => o.name === name) ? writersOf(tile, name) : [];
  const places = [
    ...sitesOf(tile, name),
    ...(writers.length > 0 ? [`written to global memory by ${launches(writers)}`] : []),
  ];
  if (places.length === 0) return 'Lives nowhere: it is written into what reads it.';
  const shown = places.length > MOST_PLACES + 1 ? places.slice(0, MOST_PLACES) : places;
  const more = places.length > shown.length ? [`and at ${places.length - shown.length} more places`] : [];
  return `Lives:\n${[...shown, ...more].map((p) => `- ${p}`).join('\n')}`;
}
