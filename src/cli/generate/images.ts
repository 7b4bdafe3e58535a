/** The pictures of docs/viz.md, drawn from the examples as the compiler treats them now. */
import { backendFor } from '../../../backends/index.ts';
import { checkText, semanticIr } from '../../compile.ts';
import { CompilerBug } from '../../diagnostics/diagnostic.ts';
import type { InterpretedTensor } from '../../ir/interpret.ts';
import { draw, type DrawRequest } from '../../viz/draw.ts';
import type { Example as Listed } from '../../gallery/page.ts';

type Example = Pick<Listed, 'name' | 'text'>;

type Scene = Partial<Omit<DrawRequest, 'kernel' | 'options' | 'theme'>> & {
  readonly file: string;
  readonly example: string;
};

const WIDTH = 16;
const LENGTH = 64;

/** Waves of several lengths: queries that find keys at their own phase. */
function waves(shift: number): InterpretedTensor {
  const data = Array.from({ length: LENGTH * WIDTH }, (_, n) => {
    const [position, d] = [Math.floor(n / WIDTH) + shift, n % WIDTH];
    const speed = 2.2 ** (-(d >> 1) / 1.6);
    return Math.fround(1.6 * (d % 2 === 0 ? Math.sin(speed * position) : Math.cos(speed * position)));
  });
  return { shape: [1, 1, LENGTH, WIDTH], data };
}

/** Lengths of documents that lie one after another. */
function documents(lengths: readonly number[]): InterpretedTensor {
  const data = lengths.flatMap((length, id) => new Array<number>(length).fill(id));
  return { shape: [1, data.length], data };
}

const SCENES: readonly Scene[] = [
  {
    file: 'mask-gated_window',
    example: 'gated_window',
    sizes: { N: 64, M: 64 },
    params: { window: 24 },
    tile: { rows: [8], cols: [8] },
  },
  {
    file: 'mask-document',
    example: 'document',
    inputs: { id: documents([27, 9, 22, 5, 17]) },
    tile: { rows: [8], cols: [8] },
  },
  {
    file: 'mask-neighborhood_2d',
    example: 'neighborhood_2d',
    sizes: { Y: 12, X: 12 },
    params: { reach: 2 },
    tile: { rows: [4, 4], cols: [4, 4] },
  },
  {
    file: 'mask-powerattn',
    example: 'powerattn',
    sizes: { N: 128 },
    params: { size: 4 },
    tile: { rows: [4], cols: [4] },
  },
  {
    file: 'map-attention_map',
    example: 'attention_map',
    inputs: { q: waves(0), k: waves(0) },
    map: 'p',
    scale: 'log',
  },
];

/** @param examples every example, with its text */
export function vizImages(examples: readonly Example[]): { readonly path: string; readonly text: string }[] {
  return SCENES.map(({ file, example, ...scene }) => {
    const text = examples.find((e) => e.name === example)?.text;
    if (text === undefined) throw new CompilerBug('generate', `no example ${example}`);
    const { svg } = draw({
      kernel: semanticIr(checkText(text)),
      options: { fixed: { D: WIDTH, E: WIDTH }, limits: backendFor('wgsl').limits({}) },
      sizes: {},
      params: {},
      inputs: {},
      at: {},
      theme: 'auto',
      ...scene,
    });
    return { path: `docs/images/${file}.svg`, text: svg };
  });
}
