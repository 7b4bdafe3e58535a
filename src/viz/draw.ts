/** From a kernel to a picture, with the numbers that it shows: the one entry of this folder. */
import { userError } from '../diagnostics/diagnostic.ts';
import type { Expr } from '../expr/expr.ts';
import { printExpr } from '../expr/print.ts';
import type { InterpretedTensor } from '../ir/interpret.ts';
import type { IrKernel } from '../ir/ir.ts';
import type { LoweringOptions } from '../pipeline.ts';
import { withSummaries } from '../tile/count-summaries.ts';
import { tileMap } from '../tile/count.ts';
import { classify, type Classified, type Counts, type Decision, type Pairs } from './classify.ts';
import { mapPicture, rangeOfMap, type MapRange, type ScaleName } from './map-picture.ts';
import { maskPicture } from './mask-picture.ts';
import { numbersFor, type Numbers } from './numbers.ts';
import { mapOf, mapRead, pairsOf, requireInputs, type Sources } from './pairs.ts';
import type { Caption } from './sheet.ts';
import { blockText } from './side.ts';
import { grouped, percent, type ThemeName } from './svg.ts';
import { subjectOf, type Subject, type TileShape } from './subject.ts';

export interface DrawRequest {
  /** One variant, as it came from the model. */
  readonly kernel: IrKernel;
  readonly options: LoweringOptions;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, InterpretedTensor>>;
  /** Values of batch axes; 0 for those that are not named. */
  readonly at: Readonly<Record<string, number>>;
  /** By default the first output. */
  readonly output?: string;
  /** Draws the value of this definition instead of the tiles. */
  readonly map?: string;
  /** How values of a map become colours; linear by default. */
  readonly scale?: ScaleName;
  readonly tile?: TileShape;
  readonly theme: ThemeName;
}

export interface Drawn {
  readonly svg: string;
  readonly output: string;
  readonly rows: readonly string[];
  readonly cols: readonly string[];
  /** `ROWS × COLUMNS`. */
  readonly tile: string;
  readonly sizes: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly counts: Counts;
  readonly map?: MapRange;
}

/** Evaluates the mask, asks the compiler about every tile, and compares. */
export function classifyTiles(
  s: Subject,
  from: Sources,
): { readonly pairs: Pairs; readonly classified: Classified } {
  const pairs = pairsOf(s, from);
  const values = { ...from.numbers.sizes, ...from.numbers.params };
  const facts = withSummaries(s.program, { values, tensors: from.inputs });
  const batch = Object.fromEntries(s.stage.batch.map((a) => [a.name, from.at[a.name] ?? 0]));
  const { states } = tileMap(s.program, s.stage, s.pass, facts, batch);
  const decide = (r: number, c: number): Decision => {
    const state = states[r]![c]!;
    return { visited: state !== 'skipped', full: state === 'full' };
  };
  const classified = classify(pairs, decide, s.pass.stores.length > 0);
  return { pairs, classified };
}

/** @throws UserError E05xx for sizes and params, E0710 for tensors, E0722, E0740, E0741. */
export function draw(request: DrawRequest): Drawn {
  const { kernel, theme, at } = request;
  const s = subjectOf(kernel, request.output, request.options, request.tile);
  checkBatchNames(s, at);
  const value = request.map === undefined ? undefined : mapRead(s, request.map);
  const mask = s.domains.filter((d) => d !== undefined);
  const roots: Expr[] = [...mask, ...(value ? [value] : [])];
  requireInputs(s.ir, 'the mask', mask, request.inputs);
  requireInputs(s.ir, `\`${request.map}\``, roots, request.inputs);
  const shapes = Object.fromEntries(Object.entries(request.inputs).map(([n, t]) => [n, t.shape]));
  const { sizes, params } = request;
  const numbers = numbersFor(kernel, s, roots, { sizes, params, shapes, at });
  const from: Sources = { numbers, inputs: request.inputs, at };
  const { pairs, classified } = classifyTiles(s, from);
  const shared = {
    output: s.output,
    rows: pairs.rows.names,
    cols: pairs.cols.names,
    tile: `${blockText(pairs.rows)} × ${blockText(pairs.cols)}`,
    sizes: numbers.sizes,
    params: numbers.params,
    counts: classified.counts,
  };
  const facts = factsText(s, numbers, at);
  if (value === undefined) {
    const caption = captionOf(kernel, describeTiles(classified.counts), facts);
    return { ...shared, svg: maskPicture(pairs, classified, caption, theme) };
  }
  const name = request.map!;
  const values = mapOf(s, value, pairs.kept, from);
  const range = rangeOfMap(values, pairs.kept);
  const caption = captionOf(kernel, `${name} at ${grouped(range.kept)} kept pairs.`, facts);
  const data = { name, rows: pairs.rows, cols: pairs.cols, values, kept: pairs.kept };
  return { ...shared, map: range, svg: mapPicture(data, range, caption, theme, request.scale ?? 'linear') };
}

function checkBatchNames(s: Subject, at: Readonly<Record<string, number>>): void {
  const batch = s.stage.batch.map((a) => a.name);
  for (const name of Object.keys(at))
    if (!batch.includes(name))
      throw userError('E0722', `output ${s.output} has no batch axis ${name}`, {
        hint: batch.length > 0 ? `it has ${batch.join(', ')}` : 'it has none',
      });
}

function captionOf(kernel: IrKernel, description: string, facts: string): Caption {
  const doc = kernel.doc?.replace(/\s+/g, ' ').trim();
  const about = doc && (/^.*?\.(?= |$)/.exec(doc)?.[0] ?? doc);
  return {
    title: kernel.name,
    ...(about ? { about } : {}),
    formulas: kernel.masks.length > 0 ? kernel.masks.map((m) => `mask ${printExpr(m)}`) : [],
    facts,
    description,
  };
}

function factsText(s: Subject, { shown }: Numbers, at: Readonly<Record<string, number>>): string {
  const numbers = shown.map(([name, x]) => `${name} = ${x}`);
  const batch = s.stage.batch.map((a) => `${a.name} = ${at[a.name] ?? 0}`);
  return [numbers.join(', '), batch.length > 0 ? `at ${batch.join(', ')}` : ''].filter((t) => t).join('; ');
}

/** The picture in words. */
export function describeTiles({ tiles, pairs }: Counts): string {
  const wrong = tiles.wrong > 0 ? `, ${grouped(tiles.wrong)} wrong` : '';
  const idle = tiles.idle > 0 ? `, ${grouped(tiles.idle)} visited in vain` : '';
  return (
    `${grouped(pairs.kept)} of ${grouped(pairs.total)} pairs are kept (${percent(pairs.kept, pairs.total)}). ` +
    `${grouped(tiles.total)} ${tiles.total === 1 ? 'tile' : 'tiles'}: ${grouped(tiles.full)} full, ${grouped(tiles.partial)} partial, ` +
    `${grouped(tiles.skipped)} skipped${idle}${wrong}.`
  );
}
