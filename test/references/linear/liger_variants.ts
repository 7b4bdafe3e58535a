/** Linearized layers: half softmax attention in a window, half slots or a state with tied keys. */
import { eachHead, matrix, plus, scaled, sigmoid, softmax, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase, type Draw } from '../case.ts';
import { logSigmoid } from './gates.ts';
import { gateLogits } from './hgrn2.ts';
import { gla } from './gla.ts';
import { gsa } from './gsa.ts';
import { nearby } from './liger.ts';

type Sizes = 'B' | 'H' | 'G' | 'N' | 'D' | 'E';

const text = {
  sizes: (N: number) => ({ B: 1, H: 4, G: 2, N }),
  lengths: [1, 5, 65],
  params: { width: 3, base: 10000 },
};
const qv = ({ normal, sizes: { B, H, G, N, D, E } }: Draw<Sizes>) => ({
  q: normal(B, H, N, D),
  v: normal(B, G, N, E),
});

/** Each head with the rows of its group, and the mean of both branches. */
function layer<O extends { y: Matrix }>(
  x: Readonly<Record<'q' | 'k' | 'v', Tensor>>,
  sizes: Readonly<Record<Sizes, number>>,
  params: Readonly<Record<'width' | 'base', number>>,
  recurrent: (head: Record<'q' | 'k' | 'v', Matrix>, b: number, h: number, g: number) => O,
) {
  return eachHead(sizes, (b, h) => {
    const g = Math.floor(h / (sizes.H / sizes.G));
    const head = { q: matrix(x.q, b, h), k: matrix(x.k, b, g), v: matrix(x.v, b, g) };
    const near = nearby(head.q, head.k, head.v, params.width, params.base);
    const { y, ...rest } = recurrent(head, b, h, g);
    return {
      ...(rest as unknown as Record<string, Matrix>),
      y: near.map((row, t) => scaled(plus(row, y[t]!), 0.5)),
    };
  });
}

export const cases = [
  referenceCase({
    ...text,
    example: 'liger_gsa',
    fixed: { D: 6, E: 5, M: 4 },
    inputs: (draw) => {
      const { normal, sizes } = draw;
      const { B, H, G, N, D, E, M } = sizes;
      return {
        ...qv(draw as Draw<Sizes>),
        k: normal(B, G, N, D),
        f: normal(B, G, N, M),
        K0: normal(B, H, D, M),
        V0: normal(B, H, M, E),
      };
    },
    reference: ({ f, K0, V0, ...x }, sizes, params) =>
      layer(x, sizes, params, ({ q, k, v }, b, h, g) => {
        const log_a = matrix(f, b, g).map((row) => row.map((a) => logSigmoid(a) / 16));
        return gsa({
          // Scores of slots are not scaled.
          q: q.map((row) => scaled(softmax(row), Math.sqrt(sizes.D))),
          k: k.map(softmax),
          v,
          s: log_a.map((row) => row.map((a) => -Math.expm1(a))),
          log_a,
          K0: matrix(K0, b, h),
          V0: matrix(V0, b, h),
        });
      }),
  }),
  referenceCase({
    ...text,
    example: 'liger_hgrn2',
    fixed: { D: 6, E: 5 },
    hazards: ['normal', 'mixed'],
    inputs: (draw) => {
      const { B, H, G, N, D, E } = draw.sizes;
      return { ...qv(draw), k: gateLogits(draw, B, G, N, D), S0: draw.normal(B, H, D, E) };
    },
    reference: ({ S0, ...x }, sizes, params) =>
      layer(x, sizes, params, ({ q, k, v }, b, h) => {
        const keys = k.map((row) => row.map((a) => sigmoid(-a)));
        const logA = k.map((row) => row.map(logSigmoid));
        return gla(q.map(softmax), keys, v, logA, matrix(S0, b, h), 1);
      }),
  }),
];
