/** Groups of far tokens pooled in their hidden states, projected and turned; one softmax over these and the near tokens. */
import {
  dot,
  eachHead,
  list,
  matrix,
  scaled,
  softmax,
  weighted,
  type Matrix,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { turned } from '../linear/liger.ts';

const SIZE = 4;

interface Head {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly v: Matrix;
  readonly x: Matrix;
  readonly w_k: Matrix;
  readonly w_v: Matrix;
}

function attention({ q, k, v, x, w_k, w_v }: Head, local: number, base: number): Matrix {
  const pooled = (n: number) => {
    const [first, last] = [n * SIZE, (n + 1) * SIZE - 1];
    const fit = softmax(k.slice(first, last + 1).map((kj) => dot(q[last]!, kj)));
    const core = weighted(fit, x.slice(first, last + 1));
    return { key: turned(weighted(core, w_k), last, base), value: weighted(core, w_v) };
  };
  return q.map((qi, i): Vector => {
    // Position i + 1 counted from 1.
    const groups = Math.max(0, Math.floor((i + 1 - local) / SIZE));
    const cores = list(groups, Number).map(pooled);
    const near = list(i + 1, Number).slice(groups * SIZE);
    const keys = [...cores.map((c) => c.key), ...near.map((j) => turned(k[j]!, j, base))];
    const query = turned(qi, i, base);
    const p = softmax(
      scaled(
        keys.map((key) => dot(query, key)),
        qi.length ** -0.5,
      ),
    );
    return weighted(p, [...cores.map((c) => c.value), ...near.map((j) => v[j]!)]);
  });
}

export const cases = [6, 1].map((local) =>
  referenceCase({
    example: 'cca',
    variant: `${local} near at least`,
    consts: { size: SIZE },
    fixed: { D: 6, E: 5, C: 7 },
    lengths: [1, 7, 30],
    params: { local, base: 10000 },
    inputs: ({ normal, sizes: { B, H, N, C, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
      x: normal(B, N, C),
      w_k: normal(H, C, D),
      w_v: normal(H, C, E),
    }),
    reference: ({ q, k, v, x, w_k, w_v }, sizes, params) =>
      eachHead(sizes, (b, h) => ({
        y: attention(
          {
            q: matrix(q, b, h),
            k: matrix(k, b, h),
            v: matrix(v, b, h),
            x: matrix(x, b),
            w_k: matrix(w_k, h),
            w_v: matrix(w_v, h),
          },
          params.local,
          params.base,
        ),
      })),
  }),
);
