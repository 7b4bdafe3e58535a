/** Rectified scores without a sum to divide by: norms over heads, and groups of tokens with linear attention between them. */
import {
  dot,
  list,
  matrix,
  plus,
  scaled,
  shaped,
  tensor,
  vector,
  type Matrix,
  type Tensor,
  type Vector,
} from '../arrays.ts';
import { referenceCase } from '../case.ts';

const relu = (x: number): number => Math.max(x, 0);
const SIZE = 6;

/** One row of outputs of all heads, one behind the other, with a mean square of about 1. */
function normalized(q: Tensor, k: Tensor, v: Tensor, size: number): Tensor {
  const [B, H, N, D] = q.shape as [number, number, number, number];
  const E = v.shape[3]!;
  const heads = (b: number, i: number): Vector[] =>
    list(H, (h) => h).map((h) => {
      let o = list(E, () => 0);
      for (let j = Math.floor(i / size) * size; j <= i; j++)
        o = plus(o, vector(v, b, h, j), relu(dot(vector(q, b, h, i), vector(k, b, h, j)) / Math.sqrt(D)));
      return o;
    });
  const rows = list(B * N, (flat) => flat).map((flat) => {
    const o = heads(Math.floor(flat / N), flat % N).flat();
    return scaled(o, 1 / Math.sqrt(dot(o, o) / o.length + 0.01));
  });
  return shaped(tensor(rows), B, N, H, E);
}

interface Batch {
  readonly q: Matrix;
  readonly k: Matrix;
  readonly lq: Matrix;
  readonly lk: Matrix;
  readonly v: Matrix;
  readonly u: Matrix;
}

/** Token by token: scores with the own group, and the linear part with what came before it, or with everything. */
function mixed({ q, k, lq, lk, v, u }: Batch, bias: Vector, causal: boolean): Matrix {
  const group = (i: number): number => Math.floor(i / SIZE);
  return q.map((row, i) => {
    let o = v[0]!.map(() => 0);
    k.forEach((key, j) => {
      if (group(j) === group(i) && (!causal || j <= i))
        o = plus(o, v[j]!, relu(dot(row, key) / SIZE + bias[i - j + SIZE - 1]!) ** 2);
      if (!causal) o = plus(o, v[j]!, dot(lq[i]!, lk[j]!) / k.length);
      else if (group(j) < group(i)) o = plus(o, v[j]!, dot(lq[i]!, lk[j]!) / SIZE);
    });
    return o.map((x, e) => x * u[i]![e]!);
  });
}

export const cases = [
  ...[
    { example: 'norm_attn_relu', size: 1000, params: { eps: 0.01 } },
    { example: 'diag_attn_relu', size: 6, params: { eps: 0.01, size: 6 } },
  ].map(({ example, size, params }) =>
    referenceCase({
      example,
      params: params as Record<string, number>,
      fixed: { D: 4, E: 5 },
      lengths: [1, 7, 33],
      inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
        q: normal(B, H, N, D),
        k: normal(B, H, N, D),
        v: normal(B, H, N, E),
      }),
      reference: ({ q, k, v }) => ({ y: normalized(q, k, v, size) }),
    }),
  ),
  ...[true, false].map((causal) =>
    referenceCase({
      example: 'flash_mixed',
      kernel: causal ? 'flash_mixed' : 'flash_mixed_full',
      consts: { size: SIZE },
      fixed: { D: 4, E: 5 },
      lengths: [1, 6, 7, 33],
      sizes: (length) => ({ B: 2, N: length }),
      inputs: ({ normal, sizes: { B, N, D, E } }) => ({
        q: normal(B, N, D),
        k: normal(B, N, D),
        lq: normal(B, N, D),
        lk: normal(B, N, D),
        v: normal(B, N, E),
        u: normal(B, N, E),
        bias: normal(2 * SIZE - 1),
      }),
      reference: ({ q, k, lq, lk, v, u, bias }, { B, N }) => ({
        y: tensor(
          list(B, (b) => b).map((b) =>
            mixed(
              {
                ...{ q: matrix(q, b), k: matrix(k, b), lq: matrix(lq, b) },
                ...{ lk: matrix(lk, b), v: matrix(v, b), u: matrix(u, b) },
              },
              Array.from(bias.data),
              causal,
            ),
          ),
        ),
        ...(causal ? { earlier: tensor(list(N, (i) => Number(i >= SIZE))) } : {}),
      }),
    }),
  ),
];
