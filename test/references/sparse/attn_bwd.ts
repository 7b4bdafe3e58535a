/** Capped scores with a bias and a mask: forward, and gradients that differences confirm. */
import { dot, eachHead, element, list, matrix, plus, table, tensor, vector } from '../arrays.ts';
import type { Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { HALF } from '../select.ts';
import { backward, checkGradients, forward, objective, together, type Head } from './backward.ts';

const CAP = 3;
type Inputs = Readonly<Record<'q' | 'k' | 'v' | 'bias' | 'keep', Tensor>>;
type Sizes = Readonly<Record<'B' | 'H' | 'N' | 'M', number>>;

const headOf = ({ q, k, v, bias, keep }: Inputs, b: number, h: number): Head => ({
  q: matrix(q, b, h),
  k: matrix(k, b, h >> 1),
  v: matrix(v, b, h >> 1),
  keep: (i, j) => element(keep, b, i, j) === 1,
  logit: (x, i, j) => {
    const t = Math.tanh(x / CAP);
    return { y: CAP * t + element(bias, h, i, j), slope: 1 - t * t };
  },
});
const rowsKept = ({ keep }: Inputs, { B, N }: Sizes): Tensor =>
  tensor(list(B, (b) => b).map((b) => list(N, (i) => Math.max(...vector(keep, b, i)))));
const columnsKept = ({ keep }: Inputs, { B, M }: Sizes): Tensor =>
  tensor(list(B, (b) => b).map((b) => list(M, (j) => Math.max(...matrix(keep, b).map((row) => row[j]!)))));

const text = {
  fixed: { D: 6, E: 5 },
  lengths: [1, 7, 19],
  sizes: (N: number) => ({ B: 2, H: 4, G: 2, N, M: N + 3 }),
  params: { cap: CAP },
} as const;
/** Row 3 sees no key, and no row sees key 1. */
const visible = (i: number, j: number, next: () => number): number =>
  i === 3 || j === 1 || next() < 0.3 ? 0 : 1;

export const cases = [
  referenceCase({
    ...text,
    example: 'attn_fwd',
    tolerance: HALF,
    inputs: ({ sizes: { B, H, G, N, M, D, E }, normal, values }) => ({
      q: normal(B, H, N, D),
      k: normal(B, G, M, D),
      v: normal(B, G, M, E),
      bias: normal(H, N, M),
      keep: values([B, N, M], ({ next }, n) => visible(Math.floor(n / M) % N, n % M, next)),
    }),
    reference: (x, sizes) => ({
      kept: rowsKept(x, sizes),
      ...eachHead(sizes, (b, h) => {
        const rows = forward(headOf(x, b, h));
        return { o: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
      }),
    }),
  }),
  referenceCase({
    ...text,
    example: 'attn_bwd',
    inputs: ({ sizes, normal, values }) => {
      const { B, H, G, N, M, D, E } = sizes;
      const own = {
        q: normal(B, H, N, D),
        k: normal(B, G, M, D),
        v: normal(B, G, M, E),
        bias: normal(H, N, M),
        keep: values([B, N, M], ({ next }, n) => visible(Math.floor(n / M) % N, n % M, next)),
      };
      const saved = eachHead(sizes, (b, h) => {
        const rows = forward(headOf(own, b, h));
        return { o: rows.map(({ o }) => o), lse: rows.map(({ lse }) => lse) };
      });
      return {
        ...own,
        o: values([B, H, N, E], (_, n) => saved.o.data[n]!),
        lse: values([B, H, N], (_, n) => saved.lse.data[n]!),
        do: normal(B, H, N, E),
        dlse: normal(B, H, N),
      };
    },
    reference: (x, sizes) => {
      const all = list(sizes.B, (b) => b).map((b) =>
        list(sizes.H, (h) => h).map((h) => {
          const head = headOf(x, b, h);
          const [dO, dlse] = [matrix(x.do, b, h), vector(x.dlse, b, h)];
          const delta = dO.map((row, i) => dot(row, vector(x.o, b, h, i)) - dlse[i]!);
          const gradients = backward(head, dO, vector(x.lse, b, h), delta);
          checkGradients(
            () => objective(head, dO, dlse),
            [
              [head.q, gradients.dq],
              [head.k, gradients.dk],
              [head.v, gradients.dv],
            ],
          );
          return gradients;
        }),
      );
      const groups = eachHead({ B: sizes.B, H: sizes.G }, (b, g) => {
        const [one, two] = [all[b]![2 * g]!, all[b]![2 * g + 1]!];
        return { dk: together([one.dk, two.dk]), dv: together([one.dv, two.dv]) };
      });
      const bias = list(sizes.H, (h) => h).map((h) =>
        all.reduce(
          (a, heads) => a.map((row, i) => plus(row, heads[h]!.dy[i]!)),
          table(sizes.N, sizes.M, () => 0),
        ),
      );
      return {
        dq: tensor(all.map((heads) => heads.map((g) => g.dq))),
        ...groups,
        dbias: tensor(bias),
        kept: rowsKept(x, sizes),
        seen: columnsKept(x, sizes),
      };
    },
  }),
];
