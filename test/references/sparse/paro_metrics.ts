/** Empty and uneven blocks of a map under orders of the tokens. */
import { dot, eachHead, list, matrix, softmax, sum, vector, type Matrix } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { exact } from '../select.ts';

const SIZE = 4;

interface Params {
  readonly small: number;
  readonly part: number;
  readonly mix: number;
}
const range = (n: number): number[] => list(n, (x) => x);
const average = (x: readonly number[]): number => sum(x) / x.length;

function metrics(map: Matrix, order: readonly number[], { small, part }: Params) {
  const starts = range(Math.ceil(order.length / SIZE)).map((n) => n * SIZE);
  const blocks = starts.flatMap((r) =>
    starts.map((c) =>
      order.slice(r, r + SIZE).flatMap((i) => order.slice(c, c + SIZE).map((j) => map[i]![j]!)),
    ),
  );
  return {
    sparse: average(blocks.map((x) => (average(x.map((w) => (w < small ? 1 : 0))) >= part ? 1 : 0))),
    uneven: average(blocks.map((x) => Math.max(...x) / average(x))),
  };
}

const share = (x: readonly number[]): number[] => x.map((a) => (sum(x) > 0 ? a / sum(x) : 0));

const cased = (variant: string, params: Params) =>
  referenceCase({
    example: 'paro_metrics',
    variant,
    consts: { size: SIZE },
    fixed: { D: 6 },
    lengths: [1, 9, 22],
    sizes: (N) => ({ B: 1, H: 2, N, A: 3 }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, A }, values }) => ({
      q: values([B, H, N, D], exact),
      k: values([B, H, N, D], exact),
      // The tokens as they are, backwards, and even places before odd ones.
      order: values([A, N], (_, n) => {
        const [a, i] = [Math.floor(n / N), n % N];
        const even = Math.ceil(N / 2);
        return a === 0 ? i : a === 1 ? N - 1 - i : i < even ? 2 * i : 2 * (i - even) + 1;
      }),
    }),
    reference: ({ q, k, order }, sizes) =>
      eachHead(sizes, (b, h) => {
        const keys = matrix(k, b, h);
        const map = matrix(q, b, h).map((row) =>
          softmax(keys.map((key) => dot(row, key) * row.length ** -0.5)),
        );
        const all = range(sizes.A).map((a) => metrics(map, vector(order, a), params));
        const full = share(all.map((m) => 1 - m.sparse));
        const rough = share(all.map((m) => m.uneven));
        const cost = full.map((x, a) => params.mix * x + (1 - params.mix) * rough[a]!);
        return {
          sparse: all.map((m) => m.sparse),
          uneven: all.map((m) => m.uneven),
          best: cost.indexOf(Math.min(...cost)),
        };
      }),
  });

export const cases = [
  cased('both', { small: 0.03, part: 0.6, mix: 0.7 }),
  cased('uneven blocks alone', { small: 0.001, part: 0.9, mix: 0 }),
];
