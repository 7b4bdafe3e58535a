/** Weights 1 + s + s^2 / 2, step by step with one sum for each monomial: of v, of k_a v and of k_a k_b v. */
import { eachHead, list, matrix, type Matrix, type Vector } from '../arrays.ts';
import { referenceCase } from '../case.ts';

export function based(q: Matrix, k: Matrix, v: Matrix, eps: number): Matrix {
  const width = q[0]!.length;
  // The last column of each sum is that of the weights themselves.
  const columns = v[0]!.length + 1;
  const sums = new Map<string, Vector>();
  const monomials = (x: Vector): [string, number][] => [
    ['', 1],
    ...x.map((a, n): [string, number] => [`${n}`, a]),
    ...x.flatMap((a, n) => x.map((b, m): [string, number] => [`${n} ${m}`, a * b])),
  ];
  const factor = (name: string): number =>
    name === '' ? 1 : name.includes(' ') ? 1 / (2 * width) : width ** -0.5;
  return q.map((qt, t) => {
    for (const [name, value] of monomials(k[t]!)) {
      const old = sums.get(name) ?? list(columns, () => 0);
      sums.set(
        name,
        [...v[t]!, 1].map((x, c) => old[c]! + value * x),
      );
    }
    const total = list(columns, () => 0);
    for (const [name, value] of monomials(qt))
      sums.get(name)!.forEach((x, c) => (total[c]! += factor(name) * value * x));
    return total.slice(0, -1).map((x) => x / (total.at(-1)! + eps));
  });
}

export const cases = [
  referenceCase({
    example: 'la_based',
    fixed: { D: 4, E: 5 },
    params: { eps: 0.3 },
    inputs: ({ normal, sizes: { B, H, N, D, E } }) => ({
      q: normal(B, H, N, D),
      k: normal(B, H, N, D),
      v: normal(B, H, N, E),
    }),
    reference: ({ q, k, v }, sizes, { eps }) =>
      eachHead(sizes, (b, h) => ({ y: based(matrix(q, b, h), matrix(k, b, h), matrix(v, b, h), eps) })),
  }),
];
