/** Active tokens gathered into a list, squared rectified attention along the list, and results scattered back. */
import { dot, element, list, matrix, scaled, silu, softmax, tensor, vector, weighted } from '../arrays.ts';
import { plus, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { times } from './gates.ts';

const seqboat = (variant: string, causal: boolean, router: (random: number, at: number) => number) =>
  referenceCase({
    example: 'seqboat',
    variant,
    consts: { causal: Number(causal) },
    fixed: { D: 6, E: 5, C: 4 },
    sizes: (N) => ({ B: 2, N }),
    lengths: [1, 7, 40],
    params: { width: 3, temperature: 0.7 },
    inputs: ({ normal, values, sizes: { B, N, D, E, C } }) => ({
      x: normal(B, N, C),
      r: normal(B, N, C),
      logits: values([B, N, 2], (r, at) => router(r.normal(), at)),
      z: normal(B, N, D),
      gamma: normal(2, D),
      beta: normal(2, D),
      u: normal(B, N, E),
      v: normal(B, N, E),
      W: normal(E, C),
      bias: normal(2 * N - 1),
    }),
    reference: ({ x, r, logits, z, gamma, beta, u, v, W, bias }, { B, N, C }, { width, temperature }) => {
      const one = (b: number): { y: Matrix; kept: number[] } => {
        const active = list(N, Number).filter((i) => element(logits, b, i, 1) > element(logits, b, i, 0));
        const base = matrix(z, b).map((row) => row.map(silu));
        const side = (i: number, n: number) => plus(times(base[i]!, vector(gamma, n)), vector(beta, n));
        const span = causal ? width : 2 * width;
        const h = list(N, Number).map(() => list(C, () => 0));
        active.forEach((i, rank) => {
          const near = active.filter((_, other) =>
            causal ? other <= rank && rank - other <= width : Math.abs(rank - other) <= width,
          );
          const weights = near.map((j) => {
            const s = dot(side(i, 0), side(j, 1)) / span + element(bias, i - j + N - 1);
            return Math.max(s, 0) ** 2;
          });
          const o = weighted(
            weights,
            near.map((j) => vector(v, b, j).map(silu)),
          );
          const p = Math.max(...softmax(scaled(vector(logits, b, i), 1 / temperature)));
          h[i] = scaled(weighted(times(o, vector(u, b, i).map(silu)), matrix(W)), p);
        });
        const y = h.map((row, i) => plus(plus(vector(r, b, i), row), vector(x, b, i)).map(silu));
        return { y, kept: list(N, (i) => Number(active.includes(i))) };
      };
      const all = list(B, Number).map(one);
      return { y: tensor(all.map(({ y }) => y)), kept: tensor(all.map(({ kept }) => kept)) };
    },
  });

export const cases = [
  seqboat('causal', true, (random) => random),
  seqboat('both sides', false, (random) => random),
  seqboat('none active', true, (_, at) => (at % 2 === 0 ? 1 : 0)),
  // Class 0 wins ties.
  seqboat('ties', false, (random) => Math.round(random)),
];
