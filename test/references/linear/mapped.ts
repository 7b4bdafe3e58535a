/** Cases of linear attention that differ in the features that they make of queries and keys. */
import { eachHead, matrix, shaped, vector, type Tensor, type Vector } from '../arrays.ts';
import { referenceCase, type Draw, type Hazard, type ReferenceCase } from '../case.ts';
import { laNorm } from './la_norm.ts';
import { laRaw } from './la_raw.ts';

/** Which vector a map is asked for, and what else it may read. */
export interface Place<I extends string, P extends string> {
  readonly side: 'q' | 'k';
  readonly h: number;
  readonly t: number;
  readonly length: number;
  readonly weights: Readonly<Record<I, Tensor>>;
  readonly params: Readonly<Record<P, number>>;
}
type Usual = 'B' | 'H' | 'N' | 'D' | 'E';

export interface Mapped<F extends string, I extends string, P extends string> {
  readonly example: string;
  readonly variant?: string;
  readonly fixed: Readonly<Record<F | 'D' | 'E', number>>;
  readonly consts?: Readonly<Record<string, number>>;
  readonly params?: Readonly<Record<P, number>>;
  readonly hazards?: readonly Hazard[];
  /** Extents of the features, as the example has them; the map gives them flat. */
  readonly features: readonly number[];
  /** Inputs besides q, k, v, S0 and z0. */
  readonly weights?: (draw: Draw<F | Usual>) => Readonly<Record<I, Tensor>>;
  readonly map: (x: Vector, place: Place<I, P>) => Vector;
  /** Makes an element of y of a weighted sum and the sum of weights; without it the weighted sum is y. */
  readonly divide?: (numerator: number, denominator: number, params: Readonly<Record<P, number>>) => number;
}

export function mappedCase<F extends string, I extends string = never, P extends string = never>(
  text: Mapped<F, I, P>,
): ReferenceCase {
  const { map, divide, features, weights } = text;
  const size = features.reduce((a, b) => a * b, 1);
  return referenceCase<F | 'D' | 'E', string, P>({
    ...text,
    inputs: (draw) => {
      const { normal, values, sizes } = draw;
      const { B, H, N, D, E } = sizes as Readonly<Record<Usual, number>>;
      return {
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
        S0: normal(B, H, ...features, E),
        ...(divide ? { z0: values([B, H, ...features], (r) => r.next()) } : {}),
        ...weights?.(draw as Draw<F | Usual>),
      };
    },
    reference: (inputs, sizes, params) => {
      const { B, H, N, E } = sizes as Readonly<Record<Usual, number>>;
      const own = inputs as Readonly<Record<I, Tensor>>;
      const S0 = shaped(inputs['S0']!, B, H, size, E);
      const outputs: Record<string, Tensor> = eachHead<string>({ B, H }, (b, h) => {
        const rows = (side: 'q' | 'k') =>
          matrix(inputs[side]!, b, h).map((x, t) => map(x, { side, h, t, length: N, weights: own, params }));
        const v = matrix(inputs['v']!, b, h);
        if (divide === undefined) return laRaw(rows('q'), rows('k'), v, matrix(S0, b, h));
        const z0 = vector(shaped(inputs['z0']!, B, H, size), b, h);
        return laNorm(rows('q'), rows('k'), v, matrix(S0, b, h), z0, (n, d) => divide(n, d, params));
      });
      const { S, z } = outputs;
      return {
        ...outputs,
        S: shaped(S!, B, H, ...features, E),
        ...(z ? { z: shaped(z, B, H, ...features) } : {}),
      };
    },
  });
}
