/** What the compiler makes of a kernel, for those questions that need it: made when first asked, once per version of a document. */
import { backendFor } from '../../backends/index.ts';
import type { EmittedFile } from '../../backends/backend.ts';
import { compileIr, semanticIr, type Compiled, type TargetName } from '../compile.ts';
import { UserError } from '../diagnostics/diagnostic.ts';
import { explainLowered, type Explanation } from '../explain.ts';
import { evaluate } from '../expr/evaluate.ts';
import { freeVars } from '../expr/expr.ts';
import { fixedOrUsual } from '../fixed-sizes.ts';
import type { IrKernel } from '../ir/ir.ts';
import { requirementsHold } from '../ir/sizes.ts';
import type { Stage, TileAxis, TileProgram } from '../tile/tile.ts';
import type { Analysis } from './analysis.ts';

/** What a reader of the document has chosen. */
export interface Settings {
  readonly target: TargetName;
  /** Sizes and params for which figures are wanted. */
  readonly sizes: Readonly<Record<string, number>>;
}
export const DEFAULT_SETTINGS: Settings = { target: 'wgsl', sizes: {} };

/** Positions along an axis whose extent nobody gave. */
const USUAL_LENGTH = 1024;
/** More are not counted: it would take seconds. */
const MOST_TILES = 1 << 20;

type Values = Readonly<Record<string, number>>;

export interface Lowering {
  readonly ir: IrKernel;
  readonly compiled: Compiled;
  readonly files: readonly EmittedFile[];
  /** Sizes that became constants because they must be known, without having been given. */
  readonly assumed: readonly string[];
  /** With the sizes of the settings, and usual ones where these say nothing. */
  readonly explanation: Explanation;
}
export type Made = Lowering | { readonly failed: string };

const made = new WeakMap<Analysis, Map<string, Made>>();

/** The kernel of this name; says why where there is none, and never throws. */
export function loweringOf(a: Analysis, kernel: string, settings: Settings): Made {
  const known = made.get(a) ?? new Map<string, Made>();
  made.set(a, known);
  const key = JSON.stringify([kernel, settings.target, settings.sizes]);
  const ready = known.get(key) ?? lower(a, kernel, settings);
  known.set(key, ready);
  return ready;
}

function lower(a: Analysis, kernel: string, { target, sizes }: Settings): Made {
  if (
    a.model.kernels.find((k) => k.name === kernel)?.ok !== true ||
    a.diagnostics.some((d) => d.severity === 'error')
  )
    return { failed: 'the file has errors' };
  try {
    const ir = semanticIr(a, { kernel });
    const given = Object.fromEntries(Object.entries(sizes).filter(([name]) => ir.sizes.includes(name)));
    const { set, assumed } = fixedOrUsual(ir, {});
    const fixed = Object.fromEntries(Object.keys(set).map((name) => [name, given[name] ?? set[name]!]));
    const compiled = compileIr(ir, { target, set: fixed });
    const values = figureValues(ir, compiled.tile, { ...sizes, ...fixed });
    const limits = backendFor(target).limits({});
    const explanation = explainLowered(compiled, limits, values);
    return { ir, compiled, files: compiled.files, assumed, explanation };
  } catch (e) {
    // A bug of the compiler is no reason to answer nothing to somebody who only points at a name.
    return { failed: e instanceof UserError || e instanceof Error ? e.message : String(e) };
  }
}

/**
 * Sizes for figures: those given, and usual ones for positions, as far as the kernel's own conditions allow them and the tiles
 * can be counted while somebody waits.
 */
function figureValues(ir: IrKernel, p: TileProgram, given: Values): Values {
  const usual = positionSizes(p).filter((n) => !(n in given));
  const all = { ...given, ...Object.fromEntries(usual.map((n) => [n, USUAL_LENGTH])) };
  return [all, given].find((x) => requirementsHold(ir, x) && tilesOf(ir, p, x) <= MOST_TILES) ?? {};
}

/** Sizes that count positions, of rows or along what is streamed, and not members of a batch. */
export function positionSizes(p: TileProgram): string[] {
  const batch = new Set(
    p.stages.flatMap((s) => s.batch.flatMap(({ extent: e }) => (e.kind === 'var' ? [e.name] : []))),
  );
  const positions = new Set<string>();
  for (const s of p.stages)
    for (const a of [...s.row, ...s.stream, ...(s.recurrence ? [s.recurrence.axis] : [])])
      freeVars(a.extent, positions);
  return p.sizes.filter((n) => positions.has(n) && !batch.has(n));
}

/** How many tiles there are at most; sizes that nobody gave count as 1. */
function tilesOf(ir: IrKernel, p: TileProgram, values: Values): number {
  const known = new Map(Object.entries({ ...Object.fromEntries(ir.sizes.map((n) => [n, 1])), ...values }));
  const size = (axes: readonly TileAxis[]): number =>
    axes.reduce((n, a) => n * Math.max(1, evaluate(a.extent, known)), 1);
  const tiles = (s: Stage): number =>
    size(s.batch) *
    Math.ceil(size(s.row) / (s.plan?.blockM ?? 1)) *
    Math.ceil(size(s.stream) / (s.plan?.blockN ?? 1));
  return p.stages.reduce((n, s) => n + s.passes.length * tiles(s), 0);
}
