/** Documents put in the order of what they weigh, for each query by itself, and keys rotated by where they then lie. */
import { dot, eachHead, list, matrix, softmax, sum, vector, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';
import { inOrder, masked } from '../select.ts';
import { turnedHalves } from './scores.ts';

const BASE = 100;

/** Positions of all keys for one query: documents from the one that weighs least to the one that weighs most. */
function positions(q: Vector, k: Matrix, document: Vector, count: number): Vector {
  const inside = list(k.length, (j) => j).filter((j) => document[j]! >= 0);
  const weights = softmax(inside.map((j) => dot(q, k[j]!) / Math.sqrt(q.length)));
  const of = (n: number): number[] => inside.filter((j) => document[j] === n);
  const mean = list(count, (n) => sum(weights.filter((_, at) => document[inside[at]!] === n)) / of(n).length);
  const place = list(k.length, (j) => j);
  let next = Math.max(...inside);
  for (const n of inOrder(mean)) for (const j of of(n).reverse()) place[j] = next--;
  return place;
}

function rowsOf(q: Matrix, k: Matrix, v: Matrix, document: Vector, count: number): Matrix {
  return q.map((row, i) => {
    const own = k.length - q.length + i;
    const place = positions(row, k, document, count);
    const turned = turnedHalves(row, own, BASE);
    const scores = k.map((key, j) => dot(turned, turnedHalves(key, place[j]!, BASE)) / Math.sqrt(row.length));
    const { p } = masked(scores, (j) => j <= own);
    return v[0]!.map((_, e) => sum(p.map((w, j) => w * v[j]![e]!)));
  });
}

/** Some text, documents of different lengths, and the query's own text. */
const layout = (lengths: readonly number[], before: number, after: number): Vector => [
  ...list(before, () => -1),
  ...lengths.flatMap((length, n) => list(length, () => n)),
  ...list(after, () => -1),
];

export const cases = [
  { variant: 'four documents', document: layout([3, 5, 1, 4], 2, 6), count: 4 },
  { variant: 'one document', document: layout([5], 0, 3), count: 1 },
].map(({ variant, document, count }) =>
  referenceCase({
    example: 'pine',
    variant,
    params: { base: BASE },
    fixed: { D: 4, E: 5 },
    lengths: [1, 3],
    sizes: (N) => ({ B: 2, H: 3, N, M: document.length, P: count }),
    inputs: ({ normal, values, sizes: { B, H, N, M, P, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, M, D),
      v: normal(B, H, M, E),
      document: values([B, M], (_, flat) => document[flat % M]!),
      first: values([B, P], (_, flat) => document.indexOf(flat % P)),
      length: values([B, P], (_, flat) => document.filter((n) => n === flat % P).length),
    }),
    reference: ({ q, k, v, document: ids }, sizes) =>
      eachHead(sizes, (b, h) => ({
        y: rowsOf(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), vector(ids, b), count),
      })),
  }),
);
