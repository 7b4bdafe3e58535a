/** Documents that the server makes: what a kernel becomes on a target, the levels in between, the picture of its masks. */
import { backendFor } from '../../backends/index.ts';
import { compileIr, type TargetName } from '../compile.ts';
import { UserError } from '../diagnostics/diagnostic.ts';
import { printExplanation } from '../explain/print.ts';
import { printIr } from '../ir/print.ts';
import { draw } from '../viz/draw.ts';
import type { Analysis } from './analysis.ts';
import { SCHEME } from './keys.ts';
import { loweringOf, positionSizes, type Settings } from './lowering.ts';

export const VIEWS = ['wgsl', 'cuda', 'ir', 'tile', 'kernel', 'explain', 'mask'] as const;
export type View = (typeof VIEWS)[number];

/** How a view is called, and what its text is written in. */
export const VIEW_INFO: Readonly<Record<View, { readonly title: string; readonly ending: string }>> = {
  wgsl: { title: 'the emitted WGSL', ending: 'wgsl' },
  cuda: { title: 'the emitted CUDA C++', ending: 'cu' },
  ir: { title: 'the semantic IR', ending: 'ir.txt' },
  tile: { title: 'the tiled IR', ending: 'tile.txt' },
  kernel: { title: 'the kernel IR', ending: 'kernel.txt' },
  explain: { title: 'the explanation', ending: 'txt' },
  mask: { title: 'the mask', ending: 'svg' },
};

export interface VirtualName {
  readonly view: View;
  readonly kernel: string;
  /** Key of the document that it is made from. */
  readonly of: string;
}

/** The name ends as the file would, so that editors know its language. */
export function virtualUri({ view, kernel, of }: VirtualName): string {
  const query = encodeURIComponent(JSON.stringify({ view, kernel, of }));
  return `${SCHEME}:/${view}/${encodeURIComponent(kernel)}.${VIEW_INFO[view].ending}?${query}`;
}

/** Undefined when it is not one of ours. */
export function parseVirtual(uri: string): VirtualName | undefined {
  const query = uri.startsWith(`${SCHEME}:`) ? /\?(.*)$/.exec(uri)?.[1] : undefined;
  if (query === undefined) return undefined;
  try {
    const made: unknown = JSON.parse(decodeURIComponent(query));
    return isName(made) ? made : undefined;
  } catch {
    return undefined;
  }
}

function isName(x: unknown): x is VirtualName {
  if (typeof x !== 'object' || x === null) return false;
  const { view, kernel, of } = x as Record<string, unknown>;
  return VIEWS.some((v) => v === view) && typeof kernel === 'string' && typeof of === 'string';
}

/** Positions of a picture where nobody said how many: few enough for tiles to be seen. */
const PICTURE_LENGTH = 256;

/** The text of a view, or a comment that says why there is none. */
export function virtualText(a: Analysis, { view, kernel }: VirtualName, settings: Settings): string {
  try {
    return view === 'mask' ? maskPicture(a, kernel, settings) : viewText(a, kernel, view, settings);
  } catch (e) {
    // What went wrong is the content: the editor has opened the document already.
    return apology(view, e instanceof UserError || e instanceof Error ? e.message : String(e), hintOf(e));
  }
}

const hintOf = (e: unknown): string | undefined => (e instanceof UserError ? e.diagnostic.hint : undefined);

/** Text for people in the language of the document. */
export function apology(view: View, message: string, hint?: string): string {
  const text = hint === undefined ? message : `${message}; ${hint}`;
  if (view !== 'mask') return `// ${text.replace(/\s+/g, ' ')}\n`;
  const escaped = text.replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="40"><text x="8" y="24" font-family="sans-serif" font-size="13">${escaped}</text></svg>\n`;
}

function viewText(a: Analysis, kernel: string, view: Exclude<View, 'mask'>, settings: Settings): string {
  const target: TargetName = view === 'wgsl' || view === 'cuda' ? view : settings.target;
  const made = loweringOf(a, kernel, { ...settings, target });
  if ('failed' in made) throw new Error(made.failed);
  if (view === 'explain') return printExplanation(made.explanation);
  if (view === 'wgsl' || view === 'cuda')
    return made.files.find((f) => f.path.endsWith(`.${VIEW_INFO[view].ending}`))?.text ?? '';
  if (view === 'ir') return printIr(made.ir);
  let last = '';
  compileIr(made.ir, {
    target,
    set: made.compiled.tile.fixed,
    observe: (stage, _pass, print) => {
      if (stage === view) last = print();
    },
  });
  return last;
}

function maskPicture(a: Analysis, kernel: string, settings: Settings): string {
  const made = loweringOf(a, kernel, settings);
  if ('failed' in made) throw new Error(made.failed);
  const { ir, compiled } = made;
  const given = Object.entries(settings.sizes);
  const params = given.filter(([name]) => ir.params.some((p) => p.name === name));
  const sizes = {
    ...Object.fromEntries(positionSizes(compiled.tile).map((name) => [name, PICTURE_LENGTH])),
    ...compiled.tile.fixed,
    ...Object.fromEntries(given.filter(([name]) => ir.sizes.includes(name))),
  };
  const options = { fixed: compiled.tile.fixed, limits: backendFor(settings.target).limits({}) };
  const rest = { inputs: {}, at: {}, theme: 'auto' } as const;
  return draw({ kernel: ir, options, sizes, params: Object.fromEntries(params), ...rest }).svg;
}
