/** References of mechanisms on images: queries, keys and values lie on one grid, and each says its score and which keys exist. */
import { dot, element, list, matrix, shaped, tensor, weighted, type Tensor, type Vector } from './arrays.ts';
import { referenceCase, type Draw, type ReferenceCase } from './case.ts';
import { masked } from './select.ts';

type Numbers = Readonly<Record<string, number>>;
type Inputs = Readonly<Record<string, Tensor>>;

/** A query and a key by row and column, their vectors, and the product divided by the root of the width. */
export interface ImagePair {
  readonly b: number;
  readonly h: number;
  readonly iy: number;
  readonly ix: number;
  readonly jy: number;
  readonly jx: number;
  readonly q: Vector;
  readonly k: Vector;
  readonly dot: number;
  at(input: string, ...index: number[]): number;
  /** Sizes, consts and params. */
  readonly n: Numbers;
}

interface Text {
  readonly example: string;
  readonly kernel?: string;
  readonly variant?: string;
  readonly params?: Numbers;
  readonly consts?: Numbers;
  readonly absent?: readonly string[];
  readonly sizes?: (length: number) => Numbers;
  readonly lengths?: readonly number[];
  readonly more?: (draw: Draw<string>) => Inputs;
  readonly score?: (pair: ImagePair) => number;
  readonly keep?: (pair: ImagePair) => boolean;
}

const usual = (length: number): Numbers =>
  length === 1 ? { B: 1, H: 1, Y: 1, X: 1 } : { B: 2, H: 3, Y: length, X: length + 2 };

export function imageCase(text: Text): ReferenceCase {
  const { score = (x) => x.dot, keep = () => true } = text;
  return referenceCase({
    ...text,
    fixed: { D: 4, E: 5 },
    lengths: text.lengths ?? [1, 5, 8],
    sizes: text.sizes ?? usual,
    inputs: (draw: Draw<string>): Inputs => {
      const { B, H, Y, X, D, E } = draw.sizes as Record<string, number>;
      return {
        q: draw.normal(B!, H!, Y!, X!, D!),
        k: draw.normal(B!, H!, Y!, X!, D!),
        v: draw.normal(B!, H!, Y!, X!, E!),
        ...text.more?.(draw),
      };
    },
    reference: (inputs, given, params) => {
      const n: Numbers = { ...text.consts, ...given, ...params };
      const { B, H, Y, X, D, E } = n as Record<string, number>;
      const flat = (name: string, width: number): Tensor => shaped(inputs[name]!, B!, H!, Y! * X!, width);
      const [q, k, v] = [flat('q', D!), flat('k', D!), flat('v', E!)];
      const at = (input: string, ...index: number[]): number => element(inputs[input]!, ...index);
      const image = (b: number, h: number): Vector[] => {
        const [rows, keys, values] = [matrix(q, b, h), matrix(k, b, h), matrix(v, b, h)];
        return rows.map((row, i) => {
          const pairs = keys.map((key, j): ImagePair => {
            const [iy, ix, jy, jx] = [Math.floor(i / X!), i % X!, Math.floor(j / X!), j % X!];
            return { ...{ b, h, iy, ix, jy, jx, q: row, k: key, n, at }, dot: dot(row, key) / Math.sqrt(D!) };
          });
          return weighted(masked(pairs.map(score), (j) => keep(pairs[j]!)).p, values);
        });
      };
      const all = list(B!, (b) => b).map((b) => list(H!, (h) => h).map((h) => image(b, h)));
      return { y: shaped(tensor(all), B!, H!, Y!, X!, E!) };
    },
  });
}
