/** Blocks that held the most weight by given logarithms of sums; heads that lose little keep fewer. */
import type { Random } from '../../../src/runtime/random.ts';
import { dot, eachHead, list, matrix, sum, table, vector, type Matrix, type Tensor } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { attend, exact, HALF, inOrder, topK } from '../select.ts';

const SIZE = 8;

interface Params {
  readonly sparsity: number;
  readonly recall: number;
  readonly text: number;
}
const at = (n: number): number => Math.floor(n / SIZE);
const score = (q: readonly number[], k: readonly number[]): number => dot(q, k) * q.length ** -0.5;

function massOf(q: Matrix, k: Matrix, lse: readonly number[]): Matrix {
  const blocks = Math.ceil(q.length / SIZE);
  const w = table(blocks, blocks, () => 0);
  q.forEach((row, i) =>
    k.forEach((key, j) => (w[at(i)]![at(j)]! += Math.exp(Math.min(30, score(row, key) - lse[i]!)))),
  );
  return w;
}

/** Taken blocks of each head of one sequence. */
function takenOf(w: readonly Matrix[], N: number, { sparsity, recall, text }: Params): readonly Matrix[] {
  const blocks = w[0]!.length;
  const [H, s] = [w.length, sparsity / 1000];
  const kept = (share: number): number => Math.ceil(share * blocks - 1e-9);
  const found = w.map((rows) => {
    const inside = rows.map((row) => sum([...topK(row, kept(1 - s))].map((c) => row[c]!)));
    return sum(inside) / sum(rows.map(sum));
  });
  const n = Math.min(found.filter((x) => x > recall).length, Math.floor(H / 2));
  const order = inOrder(found);
  return w.map((rows, h) => {
    const place = order.indexOf(h);
    const own = place < n ? (1 + s) / 2 : place >= H - n ? (3 * s - 1) / 2 : s;
    const isText = (block: number): boolean => (block + 1) * SIZE > N - text;
    return rows.map((row, r) => {
      const taken = topK(
        row.map((x, c) => (isText(c) ? Infinity : x)),
        kept(1 - own),
      );
      return row.map((_, c) => (isText(r) || taken.has(c) ? 1 : 0));
    });
  });
}

const cased = (variant: string, params: Params, value: (r: Random) => number, all = false) =>
  referenceCase({
    example: 'adaspa',
    variant,
    consts: { size: SIZE },
    fixed: { D: 8, E: 4 },
    lengths: [1, 13, 40, 65],
    tolerance: HALF,
    sizes: (N) => ({ B: 1, H: 4, N }),
    params: { ...params },
    inputs: ({ sizes: { B, H, N, D, E }, values }) => ({
      q: values([B, H, N, D], value),
      k: values([B, H, N, D], value),
      v: values([B, H, N, E], exact),
      // As an earlier step may have left them: not those of these scores.
      lse: values([B, H, N], (r) => Math.log(N) + exact(r)),
    }),
    reference: ({ q, k, v, lse }, sizes) => {
      const of = (x: Tensor, b: number, h: number): Matrix => matrix(x, b, h);
      const each = list(sizes.B, (b) => b).map((b) => {
        const w = list(sizes.H, (h) => h).map((h) => massOf(of(q, b, h), of(k, b, h), vector(lse, b, h)));
        return { w, taken: takenOf(w, sizes.N, params) };
      });
      return eachHead(sizes, (b, h) => {
        const taken = each[b]!.taken[h]!;
        const keep = (i: number, j: number): boolean => all || taken[at(i)]![at(j)] === 1;
        return {
          y: of(q, b, h).map((row, i) => attend(row, of(k, b, h), of(v, b, h), (j) => keep(i, j))),
          w: each[b]!.w[h]!,
          taken,
          seen: list(sizes.N, (i) => (taken[at(i)]!.some((t) => t === 1) ? 1 : 0)),
        };
      });
    },
  });

export const cases = [
  cased('one head of each kind', { sparsity: 600, recall: 0.5, text: 0 }, exact),
  cased('text at the end', { sparsity: 700, recall: 0.2, text: 5 }, exact),
  cased('no head is good', { sparsity: 400, recall: 2, text: 0 }, exact),
  // Zeros everywhere: only the first blocks tell themselves apart, by their place.
  cased('ties', { sparsity: 500, recall: 2, text: 0 }, () => 0),
  cased('all blocks', { sparsity: 334, recall: 2, text: 1000 }, exact, true),
];
